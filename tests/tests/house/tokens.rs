//! Tokens, read from left to right.

use proc_macro2::Delimiter;
use proc_macro2::Group;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;

/// A path as it is written.
#[derive(Clone, Debug)]
pub(crate) struct NamedPath {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// Tokens, and how far they are read.
pub(crate) struct Cursor {
    tokens: Vec<TokenTree>,
    position: usize,
}

impl Cursor {
    pub(crate) fn new(tokens: TokenStream) -> Self {
        Self {
            tokens: tokens.into_iter().collect(),
            position: 0,
        }
    }

    pub(crate) fn peek(&self) -> Option<&TokenTree> {
        self.tokens.get(self.position)
    }

    pub(crate) fn next(&mut self) -> Option<&TokenTree> {
        self.position += 1;
        self.tokens.get(self.position - 1)
    }

    fn is_mark(&self, ahead: usize, mark: char) -> bool {
        let token = self.tokens.get(self.position + ahead);
        matches!(token, Some(TokenTree::Punct(it)) if it.as_char() == mark)
    }

    pub(crate) fn mark(&mut self, mark: char) -> bool {
        let is_next = self.is_mark(0, mark);
        self.position += usize::from(is_next);
        is_next
    }

    pub(crate) fn group(&mut self, delimiter: Delimiter) -> Option<Group> {
        match self.peek()? {
            TokenTree::Group(group) if group.delimiter() == delimiter => {
                let group = group.clone();
                self.position += 1;
                Some(group)
            }
            _ => None,
        }
    }

    pub(crate) fn skip_group(&mut self, delimiter: Delimiter) {
        self.group(delimiter);
    }

    /// Reads `::`.
    pub(crate) fn separator(&mut self) -> bool {
        let is_next = self.is_mark(0, ':') && self.is_mark(1, ':');
        self.position += 2 * usize::from(is_next);
        is_next
    }

    /// Reads `#[...]` or `#![...]`.
    pub(crate) fn attribute(&mut self) -> Option<TokenStream> {
        let start = self.position;
        if self.mark('#') {
            self.mark('!');
            if let Some(group) = self.group(Delimiter::Bracket) {
                return Some(group.stream());
            }
        }
        self.position = start;
        None
    }

    /// Reads segments with `::` between them; what stands between `<` and `>` is left for later.
    pub(crate) fn path(&mut self) -> NamedPath {
        let line = self.peek().map_or(0, |token| token.span().start().line);
        let mut segments = Vec::new();
        while let Some(TokenTree::Ident(name)) = self.peek() {
            segments.push(name.to_string());
            self.position += 1;
            if !self.separator() {
                break;
            }
        }
        NamedPath { segments, line }
    }

    /// Reads `as name`.
    pub(crate) fn renamed(&mut self) -> Option<String> {
        if self.peek()?.to_string() != "as" {
            return None;
        }
        self.position += 2;
        self.tokens.get(self.position - 1).map(ToString::to_string)
    }

    /// Whether `use` begins an item here, and is not the bound `use<'a>` of a returned type.
    pub(crate) fn begins_use(&self) -> bool {
        !self.is_mark(1, '<')
    }

    pub(crate) fn skip_item(&mut self) {
        while let Some(token) = self.next() {
            if ends_item(token) {
                return;
            }
        }
    }
}

/// Whether an item ends here: with a semicolon, or a group in braces.
pub(crate) fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    }
}
