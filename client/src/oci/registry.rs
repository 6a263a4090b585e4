//! A repository in a registry, read over its HTTP API (distribution-spec).
//!
//! oci-client has the same and reads whatever a registry sends into memory; here every answer has
//! its limit.

use std::sync::Mutex;

use bytes::Bytes;
use reqwest::ClientBuilder;
use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::ACCEPT as ACCEPT_HEADER;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;
use reqwest::header::LINK;
use reqwest::header::LOCATION;
use reqwest::header::WWW_AUTHENTICATE;
use serde::Deserialize;

use crate::artifact::ArtifactDigest;
use crate::oci::challenge::Challenge;
use crate::oci::credentials::RegistryCredentials;
use crate::oci::error::MAX_MANIFEST_BYTES;
use crate::oci::error::MAX_REFERRER_PAGES;
use crate::oci::error::OciError;
use crate::oci::manifest::ACCEPT;
use crate::oci::manifest::Descriptor;
use crate::oci::manifest::Manifest;
use crate::oci::manifest::check_content;
use crate::oci::reference::ImageReference;
use crate::oci::reference::ManifestName;
use crate::transport::error::TransportError;
use crate::transport::options::TransportOptions;
use crate::transport::reply::Reply;
use crate::transport::reply::is_passing;
use crate::transport::reply::retry_after;
use crate::transport::url_fault::UrlFault;
use crate::transport::wire::Wire;

/// The longest answer of who gives tokens, in bytes.
const MAX_TOKEN_BYTES: usize = 256 << 10;

/// How many redirects are followed: blobs mostly lie elsewhere.
const MAX_REDIRECTS: usize = 4;

/// A repository in a registry.
#[derive(Debug)]
pub(crate) struct Registry {
    wire: Wire,
    options: TransportOptions,
    image: ImageReference,
    credentials: Option<RegistryCredentials>,
    /// What the registry wants to see with each request, once it said so.
    authorization: Mutex<Option<String>>,
}

impl Registry {
    pub(crate) fn new(
        image: ImageReference,
        credentials: Option<RegistryCredentials>,
        options: TransportOptions,
    ) -> Result<Self, OciError> {
        Ok(Self {
            wire: Wire::new(ClientBuilder::new(), &options)?,
            options,
            image,
            credentials,
            authorization: Mutex::default(),
        })
    }

    pub(crate) fn image(&self) -> &ImageReference {
        &self.image
    }

    /// The manifest called `name`, or `None` where there is none. One that is named by its digest
    /// has that.
    pub(crate) async fn manifest(&self, name: &ManifestName) -> Result<Option<Bytes>, OciError> {
        let path = format!("manifests/{name}");
        let reply = self.get(&self.url(&path)?, MAX_MANIFEST_BYTES).await?;
        let Some(bytes) = found(reply)? else {
            return Ok(None);
        };
        if let ManifestName::Digest(digest) = name {
            check_content(digest, &bytes)?;
        }
        Ok(Some(bytes))
    }

    /// What `descriptor` describes, which has at most `limit` bytes.
    pub(crate) async fn blob(
        &self,
        descriptor: &Descriptor,
        limit: usize,
    ) -> Result<Bytes, OciError> {
        let digest = descriptor.read_digest()?;
        let url = self.url(&format!("blobs/{digest}"))?;
        let bytes = found(self.get(&url, limit).await?)?;
        let bytes = bytes.ok_or_else(|| OciError::NoImage(digest.to_string()))?;
        descriptor.check(&bytes)?;
        Ok(bytes)
    }

    /// What refers to the manifest with `digest`, or `None` where the registry has no such list.
    pub(crate) async fn referrers(
        &self,
        digest: &ArtifactDigest,
    ) -> Result<Option<Vec<Descriptor>>, OciError> {
        let mut url = self.url(&format!("referrers/{digest}"))?;
        let mut referrers = Vec::new();
        for _ in 0..MAX_REFERRER_PAGES {
            let reply = self.get(&url, MAX_MANIFEST_BYTES).await?;
            // Registries from before there was one say so in different ways.
            if matches!(reply.status.as_u16(), 400 | 404 | 405 | 406 | 501) {
                return Ok((!referrers.is_empty()).then_some(referrers));
            }
            let next = next_page(&reply.headers, &url);
            let name = reply.url.clone();
            let page = found(reply)?.unwrap_or_default();
            referrers.extend(Manifest::parse(&name, &page)?.manifests);
            match next {
                Some(next) => url = next,
                None => return Ok(Some(referrers)),
            }
        }
        Err(OciError::TooMany(self.image.to_string()))
    }

    fn url(&self, path: &str) -> Result<Url, OciError> {
        let url = format!("{}/v2/{}/{path}", self.image.url(), self.image.repository());
        Ok(parse(&url)?)
    }

    /// The answer to a request, after the registry was shown what it asked for.
    async fn get(&self, url: &Url, limit: usize) -> Result<Reply, OciError> {
        let reply = self.get_again(url, limit).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        let challenges = reply.headers.get_all(WWW_AUTHENTICATE).iter();
        let mut challenges = challenges.filter_map(|value| Challenge::parse(value.to_str().ok()?));
        let challenge = challenges.next().ok_or_else(|| self.unauthorized())?;
        let authorization = self.authorize(&challenge).await?;
        if let Ok(mut kept) = self.authorization.lock() {
            *kept = Some(authorization);
        }
        let reply = self.get_again(url, limit).await?;
        match reply.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.unauthorized()),
            _ => Ok(reply),
        }
    }

    /// What to show a registry that asks for it so.
    async fn authorize(&self, challenge: &Challenge) -> Result<String, OciError> {
        let credentials = self.credentials.as_ref().map(RegistryCredentials::header);
        let (realm, service, scope) = match challenge {
            Challenge::Basic => return credentials.ok_or_else(|| self.unauthorized()),
            Challenge::Bearer {
                realm,
                service,
                scope,
            } => (realm, service, scope),
        };
        let unsafe_realm = || OciError::Realm {
            registry: self.image.registry().to_owned(),
            realm: realm.clone(),
        };
        let mut url = Url::parse(realm).map_err(|_| unsafe_realm())?;
        // Only a registry on this machine is spoken to in the clear.
        let is_clear = self.image.url().starts_with("http:");
        if url.scheme() != "https" && !(is_clear && url.scheme() == "http") {
            return Err(unsafe_realm());
        }
        let pull = format!("repository:{}:pull", self.image.repository());
        url.query_pairs_mut()
            .extend_pairs(service.iter().map(|service| ("service", service)))
            .append_pair("scope", scope.as_ref().unwrap_or(&pull));
        let mut headers = HeaderMap::new();
        insert(&mut headers, credentials.as_deref());
        let reply = self.wire.get(&url, headers, MAX_TOKEN_BYTES).await?;
        match reply.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(self.unauthorized()),
            _ => return Err(reply.into_error().into()),
        }
        let token: Token = serde_json::from_slice(&reply.body).map_err(|_| self.unauthorized())?;
        let token = token.token.or(token.access_token);
        let token = token.ok_or_else(|| self.unauthorized())?;
        Ok(format!("Bearer {token}"))
    }

    fn unauthorized(&self) -> OciError {
        OciError::Unauthorized {
            registry: self.image.registry().to_owned(),
        }
    }

    /// One answer, with attempts as often as the options say.
    async fn get_again(&self, url: &Url, limit: usize) -> Result<Reply, OciError> {
        let mut attempt = 1;
        loop {
            let outcome = self.get_once(url, limit).await;
            let asked = match &outcome {
                Ok(reply) if is_passing(reply.status) => retry_after(&reply.headers),
                Err(TransportError::TimedOut { .. }) => None,
                Err(TransportError::Unreachable { fault, .. }) if fault.is_passing() => None,
                _ => return Ok(outcome?),
            };
            match self.options.pause_after(attempt, asked, 1.0) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(outcome?),
            }
            attempt += 1;
        }
    }

    /// One attempt, redirects included. What the registry wants to see is shown to nobody else.
    async fn get_once(&self, url: &Url, limit: usize) -> Result<Reply, TransportError> {
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_HEADER, HeaderValue::from_static(ACCEPT));
            if at.origin() == url.origin() {
                let kept = self.authorization.lock().map(|kept| kept.clone());
                insert(&mut headers, kept.ok().flatten().as_deref());
            }
            let reply = self.wire.get(&at, headers, limit).await?;
            let to = reply.headers.get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to.and_then(|to| at.join(to).ok());
            match to.filter(|_| reply.status.is_redirection()) {
                // Nobody leads from TLS into the clear.
                Some(to) if to.scheme() == "https" || to.scheme() == at.scheme() => at = to,
                Some(to) => return Err(redirect(&at, &to)),
                None => return Ok(reply),
            }
        }
        Err(redirect(url, &at))
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The body of an answer, or `None` for 404.
fn found(reply: Reply) -> Result<Option<Bytes>, OciError> {
    match reply.status {
        StatusCode::OK => Ok(Some(reply.body)),
        StatusCode::NOT_FOUND => Ok(None),
        _ => Err(reply.into_error().into()),
    }
}

/// Where the next page is (RFC 8288): in the same registry.
fn next_page(headers: &HeaderMap, url: &Url) -> Option<Url> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = url.join(target).ok()?;
    let is_next = rest.contains("rel=\"next\"") || rest.contains("rel=next");
    (is_next && next.origin() == url.origin()).then_some(next)
}

fn insert(headers: &mut HeaderMap, authorization: Option<&str>) {
    if let Some(Ok(mut value)) = authorization.map(HeaderValue::from_str) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
}

fn parse(url: &str) -> Result<Url, TransportError> {
    Url::parse(url).map_err(|error| TransportError::Url {
        url: url.to_owned(),
        fault: UrlFault::Malformed(error.to_string()),
    })
}

fn redirect(url: &Url, to: &Url) -> TransportError {
    TransportError::Redirect {
        url: url.to_string(),
        to: to.to_string(),
    }
}
