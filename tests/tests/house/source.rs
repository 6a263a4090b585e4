//! One file, or one inline module of it: what it defines, brings in and names.
//!
//! Read from tokens rather than a syntax tree, which does not reach into the arguments of macros.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proc_macro2::Delimiter;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;

use super::tokens::Cursor;
use super::tokens::NamedPath;
use super::tokens::ends_item;

/// What a module holds.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// The names of its own items.
    pub(crate) items: BTreeSet<String>,
    /// Its types, in order.
    pub(crate) types: Vec<TypeItem>,
    /// Its macros that `#[macro_export]` puts at the root of the crate.
    pub(crate) exported_macros: BTreeSet<String>,
    /// Its child modules: those with a body, and `None` for those in a file of their own.
    pub(crate) children: BTreeMap<String, Option<Self>>,
    /// What its `use` lines bring in, those inside of functions included.
    pub(crate) imports: Vec<Import>,
    /// Every other path of two or more segments.
    pub(crate) paths: Vec<NamedPath>,
}

/// A struct, enum, union, trait or alias.
#[derive(Debug)]
pub(crate) struct TypeItem {
    pub(crate) is_public: bool,
    pub(crate) has_docs: bool,
}

/// One name of a `use` line.
#[derive(Debug)]
pub(crate) struct Import {
    /// The name that it has here; `None` for `*`.
    pub(crate) name: Option<String>,
    pub(crate) path: NamedPath,
}

impl Source {
    /// Reads a whole file.
    pub(crate) fn parse(text: &str) -> Result<Self, proc_macro2::LexError> {
        let mut source = Self::default();
        source.read_items(text.parse()?);
        Ok(source)
    }

    /// Reads the items of a module.
    fn read_items(&mut self, tokens: TokenStream) {
        let mut cursor = Cursor::new(tokens);
        let mut attributes = Attributes::default();
        let mut is_public = false;
        while let Some(token) = cursor.peek().cloned() {
            if attributes.read(&mut cursor) {
                continue;
            }
            let word = token.to_string();
            match word.as_str() {
                _ if attributes.for_tests && is_item_keyword(&word) => cursor.skip_item(),
                "pub" => {
                    is_public = true;
                    cursor.next();
                    cursor.skip_group(Delimiter::Parenthesis);
                    continue;
                }
                "mod" => self.read_module(&mut cursor),
                "use" => self.read_use(&mut cursor),
                "macro_rules" => self.read_macro(&mut cursor, attributes.exports_macro),
                "struct" | "enum" | "union" | "trait" | "type" => {
                    let has_docs = attributes.has_docs;
                    if self.read_name(&mut cursor) {
                        self.types.push(TypeItem {
                            is_public,
                            has_docs,
                        });
                    }
                    self.read_rest_of_item(&mut cursor);
                }
                "fn" | "const" | "static" => {
                    self.read_name(&mut cursor);
                    continue;
                }
                "unsafe" | "async" | "extern" => {
                    cursor.next();
                    continue;
                }
                _ => self.read_rest_of_item(&mut cursor),
            }
            attributes = Attributes::default();
            is_public = false;
        }
    }

    /// Reads `mod name;` or `mod name { ... }`.
    fn read_module(&mut self, cursor: &mut Cursor) {
        cursor.next();
        let name = cursor
            .next()
            .map(|name| name.to_string())
            .unwrap_or_default();
        let child = cursor.group(Delimiter::Brace).map(|body| {
            let mut child = Self::default();
            child.read_items(body.stream());
            child
        });
        self.children.insert(name, child);
    }

    /// Reads `macro_rules! name { ... }`: the paths in it count where it is defined.
    fn read_macro(&mut self, cursor: &mut Cursor, is_exported: bool) {
        cursor.next();
        cursor.next();
        if let Some(TokenTree::Ident(name)) = cursor.peek().cloned() {
            if is_exported {
                self.exported_macros.insert(name.to_string());
            }
            self.items.insert(name.to_string());
        }
        self.read_rest_of_item(cursor);
    }

    /// Reads a keyword and the name behind it.
    fn read_name(&mut self, cursor: &mut Cursor) -> bool {
        cursor.next();
        let Some(TokenTree::Ident(name)) = cursor.peek() else {
            return false;
        };
        self.items.insert(name.to_string())
    }

    /// Reads paths up to the end of the item: a semicolon, or a group in braces.
    fn read_rest_of_item(&mut self, cursor: &mut Cursor) {
        while let Some(token) = cursor.peek().cloned() {
            let is_end = ends_item(&token);
            self.read_expression_token(cursor);
            if is_end {
                return;
            }
        }
    }

    /// Reads the tokens of a body, an expression or a macro's argument.
    fn read_expression(&mut self, tokens: TokenStream) {
        let mut cursor = Cursor::new(tokens);
        let mut attributes = Attributes::default();
        while let Some(token) = cursor.peek().cloned() {
            if attributes.read(&mut cursor) {
                continue;
            }
            let word = token.to_string();
            if attributes.for_tests && is_item_keyword(&word) {
                cursor.skip_item();
            } else if word == "use" && cursor.begins_use() {
                self.read_use(&mut cursor);
            } else {
                self.read_expression_token(&mut cursor);
                if word == "pub" {
                    continue;
                }
            }
            attributes = Attributes::default();
        }
    }

    fn read_expression_token(&mut self, cursor: &mut Cursor) {
        match cursor.peek().cloned() {
            Some(TokenTree::Ident(_)) => {
                let path = cursor.path();
                if path.segments.len() > 1 {
                    self.paths.push(path);
                }
            }
            Some(TokenTree::Group(group)) => {
                let tokens = group.stream();
                cursor.next();
                self.read_expression(tokens);
            }
            // A leading `::` names another crate.
            Some(TokenTree::Punct(_)) if cursor.separator() => {
                cursor.path();
            }
            _ => {
                cursor.next();
            }
        }
    }

    fn read_use(&mut self, cursor: &mut Cursor) {
        cursor.next();
        if cursor.separator() {
            cursor.skip_item();
        } else {
            self.read_use_tree(cursor, &[]);
        }
    }

    /// Reads one branch of a `use` line, whose parents are in `prefix`, and the mark behind it.
    fn read_use_tree(&mut self, cursor: &mut Cursor, prefix: &[String]) {
        let mut path = cursor.path();
        path.segments.splice(0..0, prefix.iter().cloned());
        if let Some(group) = cursor.group(Delimiter::Brace) {
            let mut branches = Cursor::new(group.stream());
            while branches.peek().is_some() {
                self.read_use_tree(&mut branches, &path.segments);
            }
        } else if cursor.mark('*') {
            self.imports.push(Import { name: None, path });
        } else {
            if path.segments.len() > 1 && path.segments.last().is_some_and(|it| it == "self") {
                path.segments.pop();
            }
            let renamed = cursor.renamed();
            let name = renamed.or_else(|| path.segments.last().cloned());
            self.imports.push(Import { name, path });
        }
        let _ = cursor.mark(',') || cursor.mark(';');
    }
}

/// What the attributes before an item say.
#[derive(Default)]
struct Attributes {
    for_tests: bool,
    exports_macro: bool,
    has_docs: bool,
}

impl Attributes {
    /// Reads one attribute, if one is next.
    fn read(&mut self, cursor: &mut Cursor) -> bool {
        let Some(attribute) = cursor.attribute() else {
            return false;
        };
        let words = words_of(attribute);
        let has = |word: &str| words.iter().any(|it| it == word);
        self.for_tests |= has("cfg") && has("test") && !has("any") && !has("not");
        self.exports_macro |= has("macro_export");
        self.has_docs |= words.first().is_some_and(|it| it == "doc");
        true
    }
}

fn is_item_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 15] = [
        "pub",
        "mod",
        "use",
        "fn",
        "struct",
        "enum",
        "union",
        "trait",
        "type",
        "const",
        "static",
        "impl",
        "unsafe",
        "async",
        "macro_rules",
    ];
    KEYWORDS.contains(&word)
}

fn words_of(tokens: TokenStream) -> Vec<String> {
    let mut words = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => words.push(word.to_string()),
            TokenTree::Group(group) => words.extend(words_of(group.stream())),
            _ => {}
        }
    }
    words
}
