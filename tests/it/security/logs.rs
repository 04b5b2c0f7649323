//! Structured capture of the service's log.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

/// One line of the log.
#[derive(Debug, Clone)]
pub struct Line {
    pub level: Level,
    pub target: String,
    pub fields: BTreeMap<String, String>,
}

impl Line {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Returns whether the line is the security event `event` with this outcome.
    pub fn is(&self, event: &str, outcome: &str) -> bool {
        self.field("event") == Some(event) && self.field("outcome") == Some(outcome)
    }

    pub fn is_about(&self, user_id: &str) -> bool {
        self.field("user_id") == Some(user_id)
    }
}

/// Records the log of this process at TRACE, including lines of other tests, until it is dropped.
pub struct Recording(Arc<Mutex<Vec<Line>>>);

static LISTENERS: Mutex<Vec<Arc<Mutex<Vec<Line>>>>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Recording {
    pub fn start() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| tracing::subscriber::set_global_default(Recorder).expect("no other global subscriber"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        LISTENERS.lock().unwrap().push(Arc::clone(&lines));
        COUNT.fetch_add(1, Ordering::SeqCst);
        tracing::callsite::rebuild_interest_cache();
        Self(lines)
    }

    pub fn lines(&self) -> Vec<Line> {
        self.0.lock().unwrap().clone()
    }

    /// Returns the security events of the library.
    pub fn events(&self) -> Vec<Line> {
        self.lines().into_iter().filter(|line| line.target.starts_with("axum_users")).collect()
    }

    /// Asserts that there is a line with this event, outcome and user.
    #[track_caller]
    pub fn has(&self, event: &str, outcome: &str, user_id: &str) {
        let events = self.events();
        assert!(
            events.iter().any(|line| line.is(event, outcome) && line.is_about(user_id)),
            "no {event}/{outcome} of {user_id} in {events:#?}"
        );
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        LISTENERS.lock().unwrap().retain(|lines| !Arc::ptr_eq(lines, &self.0));
        COUNT.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Recorder;

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

fn note(metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields<'_>)) {
    let mut fields = BTreeMap::new();
    record(&mut Fields(&mut fields));
    let line = Line { level: *metadata.level(), target: metadata.target().to_owned(), fields };
    for listener in LISTENERS.lock().unwrap().iter() {
        listener.lock().unwrap().push(line.clone());
    }
}

impl Subscriber for Recorder {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        COUNT.load(Ordering::SeqCst) > 0
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        note(span.metadata(), |fields| {
            fields.0.insert("span".to_owned(), span.metadata().name().to_owned());
            span.record(fields);
        });
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        note(event.metadata(), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
