//! stub
pub fn svg(_: &str) -> Option<String> {
    None
}
