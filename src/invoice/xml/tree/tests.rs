use super::*;

fn read(xml: &[u8]) -> Result<Tree, Problem> {
    Tree::read(xml, &Limits::default())
}

fn refused(xml: &str) -> String {
    read(xml.as_bytes()).expect_err("it is beyond the bounds").detail
}

fn attributes(number: usize) -> String {
    (0..number).map(|it| format!(" a{it}=''")).collect()
}

#[test]
fn what_is_beyond_the_bounds_is_named_with_its_place() {
    let namespaces: String = (0..33).map(|it| format!(" xmlns:n{it}='urn:{it}'")).collect();
    let deep = ["<d>", "</d>"].map(|it| it.repeat(65)).concat();
    let long =
        format!("<a>\n<note>{}</note></a>", "x".repeat(Limits::default().xml_text_bytes + 1));
    for (xml, words) in [
        (
            format!("<a>\n\n<b{}/></a>", attributes(65)),
            "in line 3, at byte 5, <b> has more than 64 attributes",
        ),
        (format!("<a{}></a>", attributes(5_000)), "longer than 16384 bytes"),
        (format!("<a{namespaces}/>"), "<a> and the elements around it declare more than 32"),
        (deep, "at byte 192, <d> stands inside 64"),
        (long, "in line 2, at byte 10, the text of <note>"),
        (format!("<a></{}>", "b".repeat(100_000)), "ill-formed document"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_owned(), "document type"),
        ("<a>\n<b></a>".to_owned(), "in line 2"),
        ("<a><b>".to_owned(), "the file ends inside <b>"),
        ("<a/>b".to_owned(), "text after the end of the first element"),
        ("Invoice 7".to_owned(), "text where XML begins with <"),
        ("  ".to_owned(), "there is nothing"),
        ("<a b='1' c='2' b='3'/>".to_owned(), "<a> has the attribute b twice"),
        ("<a xmlns:b='c' xmlns:b='d'/>".to_owned(), "<a> has the attribute xmlns:b twice"),
        ("<a b=1/>".to_owned(), "an attribute of <a> cannot be read"),
        ("<a><b:c/></a>".to_owned(), "no namespace is declared for the prefix of <b:c>"),
        ("<!DOCTYPE html><html/>".to_owned(), "a web page"),
    ] {
        let told = refused(&xml);
        assert!(told.contains(words) && told.chars().count() < 400, "{words}: {told}");
    }
}

#[test]
fn a_path_counts_the_elements_of_its_name_and_only_if_there_are_several() {
    let tree = read(b"<a><b/><c><d/></c><b><d/><d/></b><b/></a>").unwrap();
    let paths: Vec<String> = tree.ids().map(|id| tree.xpath(id)).collect();
    let expected =
        ["/a", "/a/b[1]", "/a/c", "/a/c/d", "/a/b[2]", "/a/b[2]/d[1]", "/a/b[2]/d[2]", "/a/b[3]"];
    assert_eq!(paths, expected);
}

#[test]
fn elements_are_found_by_name_among_few_and_among_many() {
    for number in [1, FEW, 10 * FEW] {
        let tree = read(format!("<a>{}</a>", "<b/><c/>".repeat(number)).as_bytes()).unwrap();
        let found: Vec<Id> = tree.children(0, "c").collect();
        let expected: Vec<Id> = (1..=number).map(|it| 2 * it).collect();
        assert_eq!(found, expected);
        assert_eq!(tree.children(0, "d").count(), 0);
    }
}

#[test]
fn an_element_of_another_namespace_is_never_taken_for_one_of_ubl() {
    let ubl = NAMESPACES[2].0;
    let xml =
        format!("<a xmlns:cbc='urn:x'><cbc:ID/><b:ID xmlns:b='{ubl}'/><c:ID xmlns:c='urn:x'/></a>");
    let tree = read(xml.as_bytes()).unwrap();
    let names: Vec<&str> = tree.ids().map(|id| &*tree.element(id).name).collect();
    assert_eq!(names, ["a", "ID", "cbc:ID", "c:ID"]);
}

#[test]
fn namespaces_of_elements_around_count_too() {
    let nested: String = (0..33).map(|it| format!("<a xmlns:n{it}='urn:{it}'>")).collect();
    assert!(refused(&[nested, "</a>".repeat(33)].concat()).contains("namespaces"));
    let beside: String = (0..100).map(|it| format!("<a xmlns:n{it}='urn:{it}'/>")).collect();
    read(format!("<all>{beside}</all>").as_bytes()).unwrap();
}

#[test]
fn the_same_holds_in_any_encoding() {
    let xml = format!("<b{}/>", attributes(65));
    for (mark, units) in [
        ([0xff, 0xfe], xml.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        ([0xfe, 0xff], xml.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ] {
        assert!(read(&[&mark[..], &units].concat()).is_err());
    }
    assert!(read(&[b"\xef\xbb\xbf", xml.as_bytes()].concat()).is_err());
}

#[test]
fn an_attached_file_may_be_long() {
    let file = "QUJD".repeat(Limits::default().xml_text_bytes);
    let element = "cbc:EmbeddedDocumentBinaryObject";
    let xml = format!("<a xmlns:cbc='urn:x'><{element}>{file}</{element}></a>");
    read(xml.as_bytes()).unwrap();
}
