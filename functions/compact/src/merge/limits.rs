//! What is held in memory at once.

/// Bounds of what is decoded or kept at a time.
pub(super) struct Limits {
    /// Rows that are decoded of one file at a time. Fewer, where they are large: never more than a page of each column.
    pub(super) batch_rows: usize,
    /// Decoded bytes that are sorted at once.
    pub(super) chunk_bytes: usize,
    /// Rows of a row group.
    pub(super) group_rows: usize,
    /// Bytes of a row group before compression. It is kept compressed until it is complete, and prices hardly compress.
    pub(super) group_bytes: usize,
}

impl Limits {
    /// For 1 GiB of memory.
    pub(super) const OF_A_LAMBDA: Self =
        Self { batch_rows: 4096, chunk_bytes: 128 << 20, group_rows: 1 << 20, group_bytes: 128 << 20 };
}
