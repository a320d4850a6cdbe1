//! One broker alone: what the same faults cost there.
