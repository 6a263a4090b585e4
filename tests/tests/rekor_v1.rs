//! What the tests of Rekor v1 over the wire share: a server whose every answer is checked against
//! the description that it serves of itself.

use http::Method;
use http::StatusCode;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_tests::description::Description;
use ledgerstone_tests::entry_rules;
use ledgerstone_tests::entry_rules::key_from_pem;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::DEADLINE;
use crate::client::Reply;
use crate::client::http_client;
use crate::server::ORIGIN;
use crate::server::Server;
use crate::server::Site;

pub(crate) const ENTRIES: &str = "/api/v1/log/entries";
pub(crate) const RETRIEVE: &str = "/api/v1/log/entries/retrieve";
pub(crate) const INDEX: &str = "/api/v1/index/retrieve";
pub(crate) const LOG: &str = "/api/v1/log";

/// A server as a Rekor v1 client sees it.
pub(crate) struct V1 {
    pub(crate) server: Server,
    client: reqwest::Client,
    description: Description,
    /// The log's key, as the server tells it.
    pub(crate) key: VerifierKey,
}

impl V1 {
    pub(crate) async fn start() -> Self {
        Self::of(Server::start()).await
    }

    pub(crate) async fn serving(site: &Site) -> Self {
        Self::of(site.start()).await
    }

    async fn of(server: Server) -> Self {
        let client = http_client();
        let fetch = |path| client.get(server.at(path)).send();
        let document = fetch("/swagger.json").await.unwrap();
        let description = Description::new(Reply::read(document).await.json());
        let pem = fetch("/api/v1/log/publicKey").await.unwrap();
        let key = key_from_pem(ORIGIN, Reply::read(pem).await.text());
        assert_eq!(key.public_key(), server.ecdsa.public_key());
        Self {
            server,
            client,
            description,
            key,
        }
    }

    /// Sends a request, and checks the answer against the description.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        let method: Method = method.parse().unwrap();
        let mut request = self
            .client
            .request(method.clone(), self.server.at(path))
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = Reply::read(request.send().await.unwrap()).await;
        let status = StatusCode::from_u16(reply.status).unwrap();
        self.description
            .check(&method, path, status, &reply.headers, &reply.body);
        reply
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        let headers = [("content-type", "application/json")];
        self.send("POST", path, &headers, body).await
    }

    pub(crate) async fn submit(&self, proposal: &Value) -> Reply {
        self.post(ENTRIES, proposal.to_string()).await
    }

    pub(crate) async fn retrieve(&self, query: &Value) -> Reply {
        self.post(RETRIEVE, query.to_string()).await
    }

    pub(crate) async fn search(&self, query: &Value) -> Reply {
        self.post(INDEX, query.to_string()).await
    }

    /// Logs an entry, verifies what the log says of it, and yields that with the id.
    pub(crate) async fn create(&self, proposal: &Value) -> (String, Value) {
        let reply = self.submit(proposal).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let (id, entry) = reply.only_entry();
        self.verify(&id, &entry);
        (id, entry)
    }

    /// Verifies an entry as clients do. Yields its index in its tree, and the size of that.
    pub(crate) fn verify(&self, id: &str, entry: &Value) -> (u64, u64) {
        assert_eq!(entry_rules::tree_id(id), self.server.v1_tree_id);
        entry_rules::verify(&self.key, id, entry)
    }

    /// The size of the tree.
    pub(crate) async fn size(&self) -> u64 {
        let info = self.get(LOG).await.json();
        info["treeSize"].as_u64().unwrap()
    }
}

impl Reply {
    /// The one entry of an answer, with its id.
    pub(crate) fn only_entry(&self) -> (String, Value) {
        let json = self.json();
        let entries = json.as_object().unwrap();
        assert_eq!(entries.len(), 1);
        let (id, entry) = entries.iter().next().unwrap();
        (id.clone(), entry.clone())
    }

    /// The entries of an answer that is a list of them.
    pub(crate) fn entries(&self) -> Vec<(String, Value)> {
        assert_eq!(self.status, 200, "{self:?}");
        let json = self.json();
        let entries = json.as_array().unwrap().iter();
        entries
            .flat_map(|entry| entry.as_object().unwrap().clone())
            .collect()
    }

    /// Their ids.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.entries().into_iter().map(|(id, _)| id).collect()
    }

    /// Checks an error of Rekor v1: the status, the code in the body, the start of the message, and
    /// that there is nothing else.
    #[track_caller]
    pub(crate) fn must_fail(&self, status: u16, code: u16, message: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let json: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(json["code"], code, "{json}");
        let told = json["message"].as_str().unwrap();
        assert!(told.starts_with(message), "{told:?} is not {message:?}");
        assert_eq!(json.as_object().unwrap().len(), 2);
        assert!(self.body.ends_with(b"}\n"));
    }

    /// Checks a lookup that found nothing: no body, and no type of one.
    #[track_caller]
    pub(crate) fn must_be_absent(&self) {
        assert_eq!(self.status, 404, "{self:?}");
        assert!(self.body.is_empty(), "{self:?}");
        assert!(!self.headers.contains_key("content-type"), "{self:?}");
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) status_line: String,
    /// Sorted by name, without those that say when and how rather than what.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

/// Sends bytes and reads up to the end of the connection. The request has to ask for that end.
pub(crate) async fn exchange(server: &Server, request: &[u8]) -> Exchange {
    let talk = async {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let answer = timeout(DEADLINE, talk).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap().to_owned();
    let says_how = |line: &&str| !line.starts_with("date: ") && !line.starts_with("connection: ");
    let mut headers: Vec<String> = lines.filter(says_how).map(str::to_owned).collect();
    headers.sort_unstable();
    Exchange {
        status_line,
        headers,
        body: body.to_owned(),
    }
}
