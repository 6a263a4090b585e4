//! Documents that upstream's tests of Rekor v1 have, with keys and signatures in the formats of
//! OpenSSH, minisign, signify and OpenPGP.

/// What is signed with the SSH key below.
pub const SSH_DOCUMENT: &[u8] = b"Hello, ssh world!\n";

/// The second word of a line of OpenSSH's, with line breaks in it: an RSA key.
pub const SSH_KEY: &str =
    "AAAAB3NzaC1yc2EAAAADAQABAAABgQDNiZqGzHyM/v0RU/EVmxeMevapvJID6/ZcvHBixjA8yZ+Fm08pNeNVZV0X
    aIKT1hI+/Jx7JoYo4KdeK3yf7b4MAo5dwTJL0z0Hwh+TNLZW6cti1HaNST+/SjgMrLCqG/d4hjzwZzr4PGJV9x4R
    oul2bl6LzfZtQhu5qJ7NFWMnmi+/9VY+IkBgZFx+NY1Rvq1GQucWGOpTzM4MR5rJY80Yl/fa0KAGTsD41ZPB7g2+
    6jZI1ZQGme5H7Ru/0ONDai3IbMNUPzmJUKq3Um/q6eN2EznT6UfXjlG2rDpBt9vxg8+8pUu0O/uzpbUTU2pDpBUn
    P4fdYdYXH+/2A63jlKfVCk1+xBnQpowK5x2l5yrmUWehoLRrGWnjiibYFul3Gn3/MnWOGXSb0E85YTD6F7jgiqMg
    5Gypm5MBAJ/A9Z/ZTFLDZgDWbAhovWpY0G8WlmxUPx3lIIlOVPNdxsB0nuTTw6ld82LVahCaljBiDoVK4mCIKfsG
    shb8dwyF6e5BBms=";

/// As `ssh-keygen -Y sign -n file` made it.
pub const SSH_SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAAZcAAAAHc3NoLXJzYQAAAAMBAAEAAAGBAM2JmobMfIz+/RFT8RWbF4
x69qm8kgPr9ly8cGLGMDzJn4WbTyk141VlXRdogpPWEj78nHsmhijgp14rfJ/tvgwCjl3B
MkvTPQfCH5M0tlbpy2LUdo1JP79KOAyssKob93iGPPBnOvg8YlX3HhGi6XZuXovN9m1CG7
mons0VYyeaL7/1Vj4iQGBkXH41jVG+rUZC5xYY6lPMzgxHmsljzRiX99rQoAZOwPjVk8Hu
Db7qNkjVlAaZ7kftG7/Q40NqLchsw1Q/OYlQqrdSb+rp43YTOdPpR9eOUbasOkG32/GDz7
ylS7Q7+7OltRNTakOkFSc/h91h1hcf7/YDreOUp9UKTX7EGdCmjArnHaXnKuZRZ6GgtGsZ
aeOKJtgW6Xcaff8ydY4ZdJvQTzlhMPoXuOCKoyDkbKmbkwEAn8D1n9lMUsNmANZsCGi9al
jQbxaWbFQ/HeUgiU5U813GwHSe5NPDqV3zYtVqEJqWMGIOhUriYIgp+wayFvx3DIXp7kEG
awAAAARmaWxlAAAAAAAAAAZzaGE1MTIAAAGUAAAADHJzYS1zaGEyLTUxMgAAAYCKb6hW7f
e+oN2hTje0ymbQbm6RCxvUID+qxA3uXpGaHXXOh2JDkjqTZE0aCbFIhrjLKsl5L4eu2Upn
OmJf1og4Wi4qpMaFu1QS5j5OMzimJl/60iP0GklpQvfj/BaP2S2NoelTiHvZcbOUxtwVwX
/ya5+MdB21mriZDXL8krEnx9XqHMga6ReCUJ1wN/IeA30xWg9k7acoR9q/UfaTauwbEa67
upCfAWLSlQxfTd5LZpw2Re695vXRZnKT3Xf7vXVPhLSLAZBn2zHm+Mk++oy5VGAxjf8+o1
yYSGv6xpiBynenZv50WffLyaZ1X1YtZ/WBiiz7lSdeulZAR3iDSWJYUDo7kREb68trygjV
a68kEamlIMCDOo2wbWk8Z+yoYyT6qp9EbiWBuqexFonAnvabxOp3kQ4bGDeXkcjIyauhtZ
Y92S+qadtwmi+4cLzo/yVEvIeNsA7NOGSpVI+fdOW45R8E1nQLnf8LczXRESVgv//9KMtx
QM1YRBRG6BaBhg8=
-----END SSH SIGNATURE-----
";

/// What is signed with the keys of minisign and signify below.
pub const MINISIGN_DOCUMENT: &[u8] = b"Hello, World!\n";

/// A public key file of minisign.
pub const MINISIGN_KEY: &str = "untrusted comment: minisign public key 9D92931126AE543F
RWQ/VK4mEZOSnVFf2NhEt9WV8zE1RcN8mtKeOO7mVjj/MCDvb5tSV6RD
";

/// By that key, over the document itself.
pub const MINISIGN_SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RWQ/VK4mEZOSnVsP2aVAcwlCDu0V5VUqqGeE6mndH9v7wY4++PrZdB0HBRyVpt4/h0VDzQIvLenPpmTRSx1604Bac6Joz08phg4=
trusted comment: timestamp:1610131681	file:hello_world.txt
SbpK5wWmI+aoiwXBitvDWszRT9dwH8ZMzVaGn+WHZQXz+xnnAWCTmikCYnVv67iffkmZr24wZmnMok6Fvv8HDQ==
";

/// Another public key file of minisign.
pub const MINISIGN_HASHED_KEY: &str = "untrusted comment: minisign public key 71418543D227848
RWRIeCI9VBgUB0FAABABUrdfRVLBsRhOC63S9bDOAeWkCmnT38a1sUDb";

/// By that key, over the BLAKE2b hash of the document.
pub const MINISIGN_HASHED_SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RURIeCI9VBgUB9kPHyUwRtxZycb78g9wT6d+oRuXEKquv665OMM6CI64Z+hGcKiJg2ErfA50FCgmdiUw4EHErNMivjYajjO4EAQ=
trusted comment: timestamp:1643685548	file:hello_world.txt	hashed
cueBI9ab3mX+ZGQoBFSq49wrxZMTrLjX1Q0LlNhUmnA7dIptKj/KrpbfDJDCPtbxd3lbeo0zKGVNwpW/EQo3Dw==
";

/// A public key file of signify.
pub const SIGNIFY_KEY: &str = "untrusted comment: signify public key
RWSZyj9wTc0QvAfiUA2zFbdxSpPGyXLc/Mcxn+7hd9f6+VP+jHu0bu8b
";

/// By that key.
pub const SIGNIFY_SIGNATURE: &str = "untrusted comment: verify with signify.pub
RWSZyj9wTc0QvMrf5en3xQSpQcAZCzNyW23BBPBPjQuFVek3KGzNtNCv60pob32eGBL9ZuuiG36GnvcOwFodj7l9dl1jbzNR6QE=
";

/// What is signed with the OpenPGP key below.
pub const PGP_DOCUMENT: &[u8] = b"Hello, World!\n";

/// A key ring, armored: RSA of 2048 bits.
pub const PGP_KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----

mQENBF+taPsBCADav3G36B5l+41rvf1nqyr7icxCMcjr1Jspxk5jCuQ6uKXqFfLk
cCNURfR3AvOtYeuavy5S6ryndTzwpkofDlqnSCHK6xVlfKhOKbVaZqD80wjoWBea
2GmiCkKxIy5fRvaCJ3cUg0gjsWF4PUXbxfXdFVKTjfGGV4RmFQ2vo1dTpnioCRLO
/1k9qCbYzJQV8vijwwJdnHKroK670R66l14d8GtQCbeEOdFUArx8OkHHOKUFrT1e
tnZL2EKacMtdOr7cdeBA1jQJm3XUfqVpqB4UUth24CNuzENvwhb4hMUMZapw8mIE
t9gUosoe6K/2RCQSI0vhBMpnjxIsWBb6AmY3ABEBAAG0DG5vdEByZWFsLmNvbYkB
VAQTAQgAPhYhBGG8KbG/rEMzEr6BOob1dVKdD5/0BQJfrWj7AhsDBQkDwmcABQsJ
CAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEIb1dVKdD5/0HxMH/3/D2oc5sIcM/Apn
9HgQgnyUGP+VZ/MOozrRy3lPS+lvKEqpOEJxdwY5xZX37fCjoMjWRljfeKWePc4i
Tr65Lo3gF5mW/mwHmc3HyHTFEizRgSSdAsYpniQ1ChpHLBdLLYqKJ0y86Hz2oZyx
fH224J4r8ZrF7a3lOpvFHsSoOd3g4SXcSHbHM2AjWyDE92n/xlCNBH21EhSXnb5R
SVCct8cLxP+BzfMu16iFWss4mVrmOAZBybFoj/9YTTZrAHLfqlFtNjclMny3Cytx
S4FEy8ySKdjuH1ksy+eIj775THf0CEuuI8vAy3Z9d3v22gPbWQSmLwtqtDb2RLe2
v4d5MFu5AQ0EX61o+wEIANac8HSsMnB38y2+8x8moqtBBeZIL2xiss/hXjJXoxXu
gOhif5MKx4T0dyQMRJ79nxsWvKFPC85poYKb2q8oWz5PZl7JGML7tvw/YozgP4xe
GeM7MVmb+7I9jLDx9XM+LfYWnTYdumT8VQyxhhTUq7r+kXYGDJbUJpw/vP+tKV2r
fv013b4bgJHqgF2q/UJTs7CEvcoPlazlxRuF0Zsiy4UTnB74/WhKEmZLRA2o2juA
o+yq3ApD//PO8NUQvDZvIi+FNucDzUsmhYFTdlqLBzu5eQb74BHss3e3soaVBZBm
yV3v2MJmxaZsdjfdSr3LR/Lza4C7XXZZM9qaP+EyqhMAEQEAAYkBNgQYAQgAIBYh
BGG8KbG/rEMzEr6BOob1dVKdD5/0BQJfrWj7AhsMAAoJEIb1dVKdD5/0IqwH/0Z/
3+pKZHB8y6XOqUzi3yW6xVIXnvcjhiCBwCUIJl4TwLGqO0f1OFVlrufg2CY7/Zcd
zA0cHrmnjDhU9MbIeMQc90dr4A+HDNcCNKOzkfp6vYwSSmdGOsB3gHklez5Nz9ks
PftodCpuyDpow4lfVTTVHtUYABN2K/eSl4dQtDuzfXCovtnpHLht84w2oTojYnqk
8JwAtdhk31jCTy2HVtHS9p3Fq9ueW3/vrHu/ePQq1HFx5cyknGOIb6Rbz+BT/46g
FIh8k9s/IbNXM/pENPucinlJZju9QUkOUHt4ZfWsdPAjOs/tuM7yS+sdbzrHSllc
qKXPA7Q75DorBuM0+Ro=
=lHMC
-----END PGP PUBLIC KEY BLOCK-----
";

/// As `gpg --detach-sign --armor` made it.
pub const PGP_SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----

iQFBBAABCAArFiEEYbwpsb+sQzMSvoE6hvV1Up0Pn/QFAl+0DMkNHG5vdEByZWFs
LmNvbQAKCRCG9XVSnQ+f9JpxCACn4k4wc8MDHGf0c0JdCtOAbU8YUesgosG/y4u0
iLebAN1H33fLRLLsdxHPCen7h9iW59Fx+p5QhAGV6v0WgR/niTx/pky0s6qX6jGd
lNsbtJNXKQHXfG4thk5UGr3fcvSCrNpu7v+tONJ0fT25JClyhEL+HnAnMPICnFqS
a0JfXpROzmfePWP9/L0uwU3ukT810FhfS0u7rImWJc3GnIWX9Zl6Jz7DdfzNwWTy
yEltBtEWH4qYWOKvkFUvtjiYNcDlkdYRpU15RmWx2dSgwJt/YQoUkY1uTU42OWMq
36CTt+Vtoclj7HnAY7kBcIeFoVDvmoA1InTsyl/dJJQZUSVx
=b7pM
-----END PGP SIGNATURE-----
";
