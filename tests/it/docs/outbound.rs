//! The page about what leaves the service. That it is complete is for `tests/it/house/outbound.rs` to say.

use super::page::{numbers_stand_in_the_code, quoted, read, rows};

#[test]
fn outbound_page() {
    let page = read("docs/guide/outbound.md");
    assert!(numbers_stand_in_the_code(&page) >= 2, "limits are named with their place in the code");
    for row in rows(&page) {
        let [what, whom, when, said, how_long, place] = &row[..] else { panic!("not six cells: {row:?}") };
        assert!([what, whom, when, said, how_long].iter().all(|cell| !cell.is_empty()), "{row:?}");
        let file = format!("users-runtime/src/{}", quoted(place)[0]);
        assert!(!read(&file).is_empty(), "{file}");
    }
    // The pages that are served load nothing from elsewhere.
    for page in ["page.html", "page.js", "page.css"] {
        let text = read(&format!("users-runtime/src/openapi/page/{page}"));
        assert!(!text.contains("//cdn") && !text.contains("https:") && !text.contains("http:"), "{page}");
    }
}
