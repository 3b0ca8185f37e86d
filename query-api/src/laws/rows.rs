//! Table tests on a small directory: the rules one by one, and every defect the laws have found.
