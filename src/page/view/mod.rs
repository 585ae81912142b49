//! stub
use super::model::*;
use super::refusal::Closed;
use maud::{Markup, html};
#[derive(Debug)]
pub struct Asset {
    pub name: String,
    pub media_type: &'static str,
    pub bytes: &'static [u8],
}
pub fn assets() -> &'static [Asset] {
    &[]
}
pub fn page(p: &Page<'_>, base: &str) -> Markup {
    let _ = (p, base);
    html! {}
}
pub fn invoice(p: &Page<'_>, base: &str) -> Markup {
    let _ = (p, base);
    html! {}
}
pub fn lines(p: &Chat, r: &Reader, base: &str) -> Markup {
    let _ = (p, r, base);
    html! {}
}
pub fn line(p: &ChatLine, r: &Reader, base: &str) -> Markup {
    let _ = (p, r, base);
    html! {}
}
pub fn unsent(p: &[Unsent], r: &Reader, base: &str) -> Markup {
    let _ = (p, r, base);
    html! {}
}
pub fn people(p: &[Person], d: Option<i64>, r: &Reader) -> Markup {
    let _ = (p, r, d);
    html! {}
}
pub fn closed(p: Closed, r: &Reader) -> Markup {
    let _ = (p, r);
    html! {}
}
pub fn widget(base: &str, r: &Reader) -> Markup {
    let _ = (base, r);
    html! {}
}
pub fn seen(n: &str, r: &Reader) -> String {
    let _ = (n, r);
    String::new()
}
pub fn typing(n: &[String], r: &Reader) -> String {
    let _ = (n, r);
    String::new()
}
