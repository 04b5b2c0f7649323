//! Lookup of breached passwords in a sorted file of hashes.

use std::{
    cmp::Ordering,
    fs::File,
    io::{Error, ErrorKind, Read, Result, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::Sha1Hex;
use crate::{
    domain::{Password, io_error_at},
    port::{BoxFuture, BreachSourceDown, BreachedPasswords},
};

/// A file with one line per password, `SHA-1 in 40 hex digits:count`, sorted by hash, as written by Have I Been Pwned's
/// downloader. No data leaves the server.
///
/// A lookup is a binary search in the file (about 35 reads for a file of 40 GB). The file is opened for every lookup,
/// so it can be replaced by a newer one while the server runs.
#[derive(Debug, Clone)]
pub struct HashFile {
    path: PathBuf,
}

impl HashFile {
    /// Checks that the file exists, that its first and last line have the right form, and that they are in order.
    ///
    /// # Errors
    /// [`Error::Io`](crate::domain::Error::Io) if one of these checks fails.
    pub fn open(path: impl AsRef<Path>) -> crate::domain::Result<Self> {
        let file = Self { path: path.as_ref().to_owned() };
        file.check().map_err(|error| file.with_path(error))?;
        Ok(file)
    }

    fn check(&self) -> Result<()> {
        let mut lines = Lines::open(&self.path)?;
        let (first, last) = (lines.around(0)?, lines.around(lines.bytes.saturating_sub(1))?);
        if first.hash > last.hash {
            return Err(invalid("the hashes are not sorted"));
        }
        Ok(())
    }

    fn with_path(&self, error: Error) -> Error {
        io_error_at(format_args!("file of breached passwords {}", self.path.display()), error)
    }

    fn contains(&self, wanted: &Sha1Hex) -> Result<bool> {
        let mut lines = Lines::open(&self.path)?;
        let (mut from, mut to) = (0, lines.bytes);
        while from < to {
            let line = lines.around(from + (to - from) / 2)?;
            match line.hash.as_str().cmp(wanted.as_str()) {
                Ordering::Equal => return Ok(line.seen),
                Ordering::Less => from = line.end,
                Ordering::Greater => to = line.start,
            }
        }
        Ok(false)
    }
}

impl BreachedPasswords for HashFile {
    fn knows<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, std::result::Result<bool, BreachSourceDown>> {
        let (file, hash) = (self.clone(), Sha1Hex::of(password));
        Box::pin(async move {
            let found =
                tokio::task::spawn_blocking(move || file.contains(&hash).map_err(|error| file.with_path(error))).await;
            match found {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(error)) => Err(BreachSourceDown(error.to_string())),
                Err(_) => Err(BreachSourceDown("the search was aborted".to_owned())),
            }
        })
    }
}

/// A file of lines with random access by byte offset.
struct Lines {
    file: File,
    bytes: u64,
}

/// A line, with the offsets of its first byte and of the byte after its line break.
struct Line {
    hash: String,
    seen: bool,
    start: u64,
    end: u64,
}

impl Lines {
    /// More than a hash, a colon, a number of 20 digits and a line break need.
    const MAX_LINE: u64 = 80;

    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }

    /// Returns the line that contains the byte at this offset.
    fn around(&mut self, offset: u64) -> Result<Line> {
        let window_start = offset.saturating_sub(Self::MAX_LINE);
        let mut window = Vec::new();
        self.file.seek(SeekFrom::Start(window_start))?;
        self.file.by_ref().take(2 * Self::MAX_LINE).read_to_end(&mut window)?;
        let at = usize::try_from(offset - window_start).unwrap_or(usize::MAX).min(window.len());
        let (before, after) = window.split_at(at);
        let start = match before.iter().rposition(|&byte| byte == b'\n') {
            Some(line_break) => line_break + 1,
            None if window_start == 0 => 0,
            None => return Err(invalid("a line is too long")),
        };
        let end = match after.iter().position(|&byte| byte == b'\n') {
            Some(line_break) => at + line_break + 1,
            None if window_start + window.len() as u64 >= self.bytes => window.len(),
            None => return Err(invalid("a line is too long")),
        };
        let text = window.get(start..end).and_then(|line| str::from_utf8(line).ok());
        let (hash, seen) = text.and_then(parse).ok_or_else(|| invalid("a line is not a SHA-1 hash and a number"))?;
        Ok(Line { hash, seen, start: window_start + start as u64, end: window_start + end as u64 })
    }
}

/// Parses `HASH:count`, or a hash without a count, which is treated as breached.
fn parse(line: &str) -> Option<(String, bool)> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (hash, count) = line.split_once(':').unwrap_or((line, "1"));
    let is_hash = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some((hash.to_ascii_uppercase(), count.parse::<u64>().ok()? > 0))
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}
