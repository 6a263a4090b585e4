// Prints the head of a log and all of its entries: client HOST:PORT
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	pb "example.com/client/ledgerstone/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	client := pb.NewLogClient(connection)
	head, err := client.GetTreeHead(context.Background(), &pb.GetTreeHeadRequest{})
	check(err)
	fmt.Printf("%s %d %x\n", head.Origin, head.Size, head.RootHash)
	entries, err := client.ReadEntries(context.Background(), &pb.ReadEntriesRequest{End: head.Size})
	check(err)
	for entry, err := entries.Recv(); err != io.EOF; entry, err = entries.Recv() {
		check(err)
		fmt.Printf("%d %s %x\n", entry.Index, entry.Kind, entry.LeafHash)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
