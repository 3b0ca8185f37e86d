//! Tables of documents against what must be reported.
