//! The log's own face: `ledgerstone.v1.Log` over gRPC.

mod append;
mod filter;
mod streams;

use std::sync::Arc;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::log::v1::AppendResponse;
use ledgerstone_proto::log::v1::AppendResult;
use ledgerstone_proto::log::v1::AttachStatementRequest;
use ledgerstone_proto::log::v1::AttachStatementResponse;
use ledgerstone_proto::log::v1::ConsistencyProofResponse;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::GetConsistencyProofRequest;
use ledgerstone_proto::log::v1::GetEntryRequest;
use ledgerstone_proto::log::v1::GetInclusionProofRequest;
use ledgerstone_proto::log::v1::GetStatementRequest;
use ledgerstone_proto::log::v1::GetTreeHeadRequest;
use ledgerstone_proto::log::v1::InclusionProofResponse;
use ledgerstone_proto::log::v1::ListTreesRequest;
use ledgerstone_proto::log::v1::ListTreesResponse;
use ledgerstone_proto::log::v1::ReadEntriesRequest;
use ledgerstone_proto::log::v1::SearchRequest;
use ledgerstone_proto::log::v1::SearchResponse;
use ledgerstone_proto::log::v1::Statement;
use ledgerstone_proto::log::v1::TreeHead;
use ledgerstone_proto::log::v1::WatchEntriesRequest;
use ledgerstone_proto::log::v1::WatchTreeHeadsRequest;
use ledgerstone_proto::log::v1::get_entry_request;
use ledgerstone_proto::log::v1::get_inclusion_proof_request;
use ledgerstone_proto::log::v1::log_server::Log;
use ledgerstone_proto::log::v1::log_server::LogServer;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::Streaming;
use tonic::async_trait;

use crate::error::ApiError;
use crate::log_v1::grpc::streams::ResponseStream;
use crate::log_v1::grpc::streams::Scope;
use crate::log_v1::search;
use crate::log_v1::statements;
use crate::log_v1::views;
use crate::log_v1::views::Lookup;
use crate::state::State;

/// The gRPC service of the face.
pub(crate) fn service(state: State) -> LogServer<Face> {
    let limit = state.settings().server.max_request_bytes;
    LogServer::new(Face { state }).max_decoding_message_size(limit)
}

pub(crate) struct Face {
    state: State,
}

#[async_trait]
impl Log for Face {
    type AppendStreamStream = ResponseStream<AppendResult>;
    type ReadEntriesStream = ResponseStream<Entry>;
    type WatchEntriesStream = ResponseStream<Entry>;
    type WatchTreeHeadsStream = ResponseStream<TreeHead>;

    async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        Ok(Response::new(
            append::append(&self.state, request.into_inner()).await?,
        ))
    }

    async fn append_stream(
        &self,
        request: Request<Streaming<AppendRequest>>,
    ) -> Result<Response<Self::AppendStreamStream>, Status> {
        append::check_writable(&self.state)?;
        let (_, extensions, requests) = request.into_parts();
        let permit = self.state.open_stream(&extensions, 0)?;
        let state = self.state.clone();
        Ok(Response::new(streams::appends(state, permit, requests)))
    }

    async fn list_trees(
        &self,
        _request: Request<ListTreesRequest>,
    ) -> Result<Response<ListTreesResponse>, Status> {
        Ok(Response::new(views::trees(&self.state.trees())))
    }

    async fn get_tree_head(
        &self,
        request: Request<GetTreeHeadRequest>,
    ) -> Result<Response<TreeHead>, Status> {
        let tree = self.state.tree(request.into_inner().tree_id)?;
        Ok(Response::new(views::tree_head(&tree, &tree.head())))
    }

    async fn get_entry(
        &self,
        request: Request<GetEntryRequest>,
    ) -> Result<Response<Entry>, Status> {
        let GetEntryRequest { lookup, tree_id } = request.into_inner();
        let tree = self.state.tree(tree_id)?;
        let lookup = match lookup.ok_or_else(no_lookup)? {
            get_entry_request::Lookup::Index(index) => Lookup::Index(LeafIndex::new(index)),
            get_entry_request::Lookup::LeafHash(hash) => Lookup::leaf_hash(&hash)?,
        };
        Ok(Response::new(
            views::entry(&self.state, &tree, lookup).await?,
        ))
    }

    async fn read_entries(
        &self,
        request: Request<ReadEntriesRequest>,
    ) -> Result<Response<Self::ReadEntriesStream>, Status> {
        let (_, extensions, message) = request.into_parts();
        let ReadEntriesRequest {
            start,
            end,
            tree_id,
        } = message;
        let tree = self.state.tree(tree_id)?;
        let permit = self
            .state
            .open_stream(&extensions, streams::BUFFERED_BYTES)?;
        Ok(Response::new(streams::entries(
            self.state.clone(),
            permit,
            tree,
            start,
            end,
        )?))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<GetInclusionProofRequest>,
    ) -> Result<Response<InclusionProofResponse>, Status> {
        let request = request.into_inner();
        let tree = self.state.tree(request.tree_id)?;
        let lookup = match request.lookup.ok_or_else(no_lookup)? {
            get_inclusion_proof_request::Lookup::Index(index) => {
                Lookup::Index(LeafIndex::new(index))
            }
            get_inclusion_proof_request::Lookup::LeafHash(hash) => Lookup::leaf_hash(&hash)?,
        };
        Ok(Response::new(
            views::inclusion_proof(&self.state, &tree, lookup, request.tree_size).await?,
        ))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<GetConsistencyProofRequest>,
    ) -> Result<Response<ConsistencyProofResponse>, Status> {
        let GetConsistencyProofRequest {
            old_size,
            new_size,
            tree_id,
        } = request.into_inner();
        let tree = self.state.tree(tree_id)?;
        Ok(Response::new(
            views::consistency_proof(&self.state, &tree, old_size, new_size).await?,
        ))
    }

    async fn watch_tree_heads(
        &self,
        request: Request<WatchTreeHeadsRequest>,
    ) -> Result<Response<Self::WatchTreeHeadsStream>, Status> {
        let (_, extensions, message) = request.into_parts();
        let scope = Scope::of(&self.state, message.tree_id)?;
        let permit = self
            .state
            .open_stream(&extensions, streams::BUFFERED_BYTES)?;
        Ok(Response::new(streams::tree_heads(
            self.state.clone(),
            permit,
            scope,
        )))
    }

    async fn watch_entries(
        &self,
        request: Request<WatchEntriesRequest>,
    ) -> Result<Response<Self::WatchEntriesStream>, Status> {
        let (_, extensions, message) = request.into_parts();
        let WatchEntriesRequest {
            start,
            filter,
            from,
            tree_id,
        } = message;
        let scope = Scope::of(&self.state, tree_id)?;
        let positions = scope.positions(start, &from)?;
        let filter = filter.as_ref().map(filter::watch_list).transpose()?;
        let permit = self
            .state
            .open_stream(&extensions, streams::BUFFERED_BYTES)?;
        Ok(Response::new(streams::new_entries(
            self.state.clone(),
            permit,
            scope,
            positions,
            filter.map(Arc::new),
        )))
    }

    async fn search(
        &self,
        request: Request<SearchRequest>,
    ) -> Result<Response<SearchResponse>, Status> {
        let page = search::search(&self.state, request.into_inner()).await?;
        Ok(Response::new(page))
    }

    async fn attach_statement(
        &self,
        request: Request<AttachStatementRequest>,
    ) -> Result<Response<AttachStatementResponse>, Status> {
        let AttachStatementRequest { statement, tree_id } = request.into_inner();
        let kept = statements::attach(&self.state, statement, tree_id).await?;
        Ok(Response::new(kept))
    }

    async fn get_statement(
        &self,
        request: Request<GetStatementRequest>,
    ) -> Result<Response<Statement>, Status> {
        let GetStatementRequest {
            index,
            tree_id,
            without_payload,
        } = request.into_inner();
        let tree = self.state.tree(tree_id)?;
        let found = statements::statement(&self.state, &tree, index, !without_payload);
        Ok(Response::new(found.await?))
    }
}

fn no_lookup() -> ApiError {
    ApiError::invalid("name the entry by index or by leaf hash")
}
