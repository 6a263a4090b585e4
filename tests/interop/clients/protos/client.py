"""Prints the head of a log and all of its entries: python client.py HOST:PORT"""
import sys

import grpc
from ledgerstone.v1 import log_pb2, log_pb2_grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    log = log_pb2_grpc.LogStub(channel)
    head = log.GetTreeHead(log_pb2.GetTreeHeadRequest())
    print(head.origin, head.size, head.root_hash.hex())
    for entry in log.ReadEntries(log_pb2.ReadEntriesRequest(start=0, end=head.size)):
        print(entry.index, entry.kind, entry.leaf_hash.hex())
