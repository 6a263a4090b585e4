//! `dev.sigstore.rekor.v2.Rekor` over gRPC.

use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::TilePath;
use ledgerstone_proto::google::api::HttpBody;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::EntryBundleRequest;
use ledgerstone_proto::sigstore::rekor::v2::TileRequest;
use ledgerstone_proto::sigstore::rekor::v2::rekor_server::Rekor;
use ledgerstone_proto::sigstore::rekor::v2::rekor_server::RekorServer;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::async_trait;

use crate::admission::room::Room;
use crate::error::ApiError;
use crate::error::LOG_INDEX_HEADER;
use crate::error::failure::Failure;
use crate::layers::host::Host;
use crate::state::Proposal;
use crate::state::State;
use crate::tiles;

/// The longest entry bundle, in bytes.
const MAX_BUNDLE_BYTES: usize = TILE_WIDTH * (MAX_ENTRY_BYTES + 2);

/// The gRPC service of the face.
pub(crate) fn service(state: State) -> RekorServer<Face> {
    let limit = state.settings().server.max_request_bytes;
    RekorServer::new(Face { state }).max_decoding_message_size(limit)
}

pub(crate) struct Face {
    state: State,
}

#[async_trait]
impl Rekor for Face {
    async fn create_entry(
        &self,
        request: Request<CreateEntryRequest>,
    ) -> Result<Response<TransparencyLogEntry>, Status> {
        let host = host(&request);
        if self.state.settings().log.read_only || !self.state.tree_of_host(&host)?.grows() {
            return Err(ApiError::unimplemented("log frozen").into());
        }
        let submitted = self
            .state
            .submit(Proposal::Message(request.into_inner()))
            .await?;
        let (index, duplicate) = (submitted.appended.index.get(), submitted.appended.duplicate);
        let mut response = Response::new(submitted.into_transparency_log_entry());
        let metadata = response.metadata_mut();
        metadata.insert("x-http-code", 201.into());
        if duplicate {
            metadata.insert(LOG_INDEX_HEADER, index.into());
        }
        Ok(response)
    }

    async fn get_tile(&self, request: Request<TileRequest>) -> Result<Response<HttpBody>, Status> {
        let host = host(&request);
        let TileRequest { l, n } = request.into_inner();
        self.object(&host, &format!("tile/{l}/{n}")).await
    }

    async fn get_entry_bundle(
        &self,
        request: Request<EntryBundleRequest>,
    ) -> Result<Response<HttpBody>, Status> {
        // One message has to hold the whole bundle, however long it turns out to be.
        if let Some(room) = request.extensions().get::<Room>() {
            room.grow(MAX_BUNDLE_BYTES)
                .map_err(Failure::from)
                .map_err(ApiError::from)?;
        }
        let host = host(&request);
        self.object(&host, &format!("tile/entries/{}", request.into_inner().n))
            .await
    }

    async fn get_checkpoint(&self, request: Request<()>) -> Result<Response<HttpBody>, Status> {
        let tree = self.state.tree_of_host(&host(&request))?;
        let data = tree.head().checkpoint().to_string().into();
        Ok(http_body(tiles::CHECKPOINT_TYPE, data))
    }
}

impl Face {
    async fn object(&self, host: &Host, path: &str) -> Result<Response<HttpBody>, Status> {
        let path: TilePath = tiles::parse(path)?;
        let tree = self.state.tree_of_host(host)?;
        let data = tiles::object(&self.state, &tree, path).await?;
        Ok(http_body(tiles::TILE_TYPE, data))
    }
}

/// By which name the server was called: a layer around the services remembers it.
fn host<T>(request: &Request<T>) -> Host {
    request.extensions().get().cloned().unwrap_or_default()
}

fn http_body(content_type: &str, data: bytes::Bytes) -> Response<HttpBody> {
    Response::new(HttpBody {
        content_type: content_type.to_owned(),
        data,
        extensions: Vec::new(),
    })
}
