"""What the node keeps beside its database: keys, blobs, prepared media, frozen snapshots, backups."""
