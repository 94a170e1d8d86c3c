//! A YAML document, read event by event: only what is wanted is kept, each with its place, so that it can be replaced
//! without writing the rest anew. Nothing is expanded: anchors, aliases and merges are refused, and depth costs nothing.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

/// A document that the broker does not take, and why.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the description of the model cannot be read: {0}")]
pub struct Unreadable(pub(super) String);

/// More levels than this has no description of a model.
const DEEPEST: usize = 200;

/// What is wanted of a document.
#[derive(Debug)]
pub(super) enum Want {
    /// A text.
    Text,
    /// Texts by name.
    Pairs,
    /// These members, whatever others there are.
    Fields(&'static [(&'static str, Want)]),
    /// A list of such.
    List(&'static Want),
}

/// What was found there.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Nothing, or `null`.
    Absent,
    /// A text.
    Text(Place, String),
    /// Texts by name.
    Pairs(Place, Vec<(String, String)>),
    /// Members.
    Fields(Vec<(&'static str, Node)>),
    /// Entries.
    List(Place, Vec<Node>),
}

/// Where something stands, in characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// A text or a collection in brackets: exactly this.
    Exactly(Range<usize>),
    /// A text over several lines: it is read, and cannot be replaced.
    Unusual,
    /// A collection with a line an entry: from the end of its key to where the next thing begins.
    Lines(Range<usize>),
}

/// A replacement of what stands at a place.
pub(super) struct Edit {
    place: Place,
    text: String,
}

impl Edit {
    /// Puts a value there; JSON is YAML.
    pub(super) fn put<T: serde::Serialize>(place: &Place, value: &T) -> Result<Self, Unreadable> {
        if *place == Place::Unusual {
            return Err(Unreadable("a name in it is written over several lines".to_owned()));
        }
        let text = serde_json::to_string(value).map_err(|e| Unreadable(e.to_string()))?;
        Ok(Self { place: place.clone(), text })
    }
}

impl Node {
    pub(super) fn field(&self, name: &str) -> &Self {
        let Self::Fields(fields) = self else { return &Self::Absent };
        fields.iter().find(|(known, _)| *known == name).map_or(&Self::Absent, |(_, node)| node)
    }

    pub(super) fn text(&self) -> &str {
        if let Self::Text(_, text) = self { text } else { "" }
    }

    pub(super) fn entries(&self) -> &[Self] {
        if let Self::List(_, entries) = self { entries } else { &[] }
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        if let Self::Pairs(_, pairs) = self { pairs } else { &[] }
    }

    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Self::Text(place, _) | Self::Pairs(place, _) | Self::List(place, _) => Some(place),
            Self::Absent | Self::Fields(_) => None,
        }
    }
}

/// Reads the one document that is in the text.
pub(super) fn read(text: &str, want: &'static Want) -> Result<Node, Unreadable> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    reader.expect(|event| matches!(event, Event::StreamStart))?;
    reader.expect(|event| matches!(event, Event::DocumentStart(_)))?;
    let (event, span) = reader.next()?;
    let node = reader.node(&event, span, want, "it", span.start.index(), 0)?;
    reader.expect(|event| matches!(event, Event::DocumentEnd))?;
    reader.expect(|event| matches!(event, Event::StreamEnd))?;
    Ok(node)
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Unreadable> {
        let (event, span) = match self.parser.next_event() {
            Some(Ok(next)) => next,
            Some(Err(error)) => return Err(Unreadable(error.to_string())),
            None => return Err(Unreadable("it ends too early".to_owned())),
        };
        let anchored = match &event {
            Event::Alias(_) => true,
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                *anchor != 0
            }
            _ => false,
        };
        if anchored {
            let line = span.start.line();
            return Err(Unreadable(format!("line {line}: it has an anchor or an alias, which Juju does not write")));
        }
        Ok((event, span))
    }

    fn expect(&mut self, is: impl Fn(&Event<'_>) -> bool) -> Result<(), Unreadable> {
        let (event, span) = self.next()?;
        if is(&event) {
            return Ok(());
        }
        Err(Unreadable(format!("line {}: it is not one document", span.start.line())))
    }

    /// What begins with this event; `after` is where its key ends.
    fn node(
        &mut self,
        event: &Event<'a>,
        span: Span,
        want: &'static Want,
        name: &str,
        after: usize,
        depth: usize,
    ) -> Result<Node, Unreadable> {
        let line = span.start.line();
        let wrong = |what: &str| Unreadable(format!("line {line}: {name} is not {what}"));
        if depth > DEEPEST {
            return Err(Unreadable(format!("line {line}: it is too deep")));
        }
        match (want, event) {
            (_, Event::Scalar(text, ScalarStyle::Plain, _, None)) if matches!(&**text, "" | "~" | "null") => {
                Ok(Node::Absent)
            }
            (
                _,
                Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)),
            ) => Err(wrong("as Juju writes it: it has a tag")),
            (Want::Text, Event::Scalar(text, style, ..)) => Ok(Node::Text(place_of(*style, span), text.to_string())),
            (Want::Text, _) => Err(wrong("a text")),
            (Want::Pairs, Event::MappingStart(..)) => {
                let (pairs, end) = self.pairs(name)?;
                Ok(Node::Pairs(collection(span, end, after), pairs))
            }
            (Want::Fields(fields), Event::MappingStart(..)) => self.fields(fields, name, depth),
            (Want::Pairs | Want::Fields(_), _) => Err(wrong("a map")),
            (Want::List(of), Event::SequenceStart(..)) => {
                let mut entries = Vec::new();
                loop {
                    let (event, inner) = self.next()?;
                    if event == Event::SequenceEnd {
                        return Ok(Node::List(collection(span, inner, after), entries));
                    }
                    entries.push(self.node(&event, inner, of, name, inner.start.index(), depth + 1)?);
                }
            }
            (Want::List(_), _) => Err(wrong("a list")),
        }
    }

    fn fields(
        &mut self,
        wanted: &'static [(&'static str, Want)],
        name: &str,
        depth: usize,
    ) -> Result<Node, Unreadable> {
        let mut found: Vec<(&'static str, Node)> = Vec::new();
        loop {
            let (key, at) = self.next()?;
            if key == Event::MappingEnd {
                return Ok(Node::Fields(found));
            }
            let line = at.start.line();
            let known = match &key {
                Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" => {
                    return Err(Unreadable(format!("line {line}: {name} has a merge, which Juju does not write")));
                }
                Event::Scalar(text, ..) => wanted.iter().find(|(known, _)| known == text),
                _ => None,
            };
            let Some((known, want)) = known else {
                self.skip(&key)?;
                let (value, _) = self.next()?;
                self.skip(&value)?;
                continue;
            };
            if found.iter().any(|(there, _)| there == known) {
                return Err(Unreadable(format!("line {line}: {known} is there twice")));
            }
            let (value, span) = self.next()?;
            let node = self.node(&value, span, want, known, at.end.index(), depth + 1)?;
            found.push((known, node));
        }
    }

    fn pairs(&mut self, name: &str) -> Result<(Vec<(String, String)>, Span), Unreadable> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        loop {
            let (key, at) = self.next()?;
            if key == Event::MappingEnd {
                return Ok((pairs, at));
            }
            let (value, _) = self.next()?;
            let (Event::Scalar(key, ..), Event::Scalar(value, ..)) = (&key, &value) else {
                return Err(Unreadable(format!("line {}: {name} is not a map of texts", at.start.line())));
            };
            if pairs.iter().any(|(there, _)| there == key) {
                return Err(Unreadable(format!("line {}: {key} is there twice", at.start.line())));
            }
            pairs.push((key.to_string(), value.to_string()));
        }
    }

    /// Passes over what begins with this event.
    fn skip(&mut self, first: &Event<'a>) -> Result<(), Unreadable> {
        let mut open = usize::from(matches!(first, Event::MappingStart(..) | Event::SequenceStart(..)));
        while open > 0 {
            match self.next()?.0 {
                Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
                Event::MappingEnd | Event::SequenceEnd => open -= 1,
                _ => {}
            }
        }
        Ok(())
    }
}

fn place_of(style: ScalarStyle, span: Span) -> Place {
    let one_line = span.start.line() == span.end.line();
    if one_line && !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        Place::Exactly(span.start.index()..span.end.index())
    } else {
        Place::Unusual
    }
}

/// Collections in brackets begin and end with one; of the others only the beginning is known, and what comes next.
fn collection(start: Span, end: Span, after: usize) -> Place {
    if start.is_empty() {
        Place::Lines(after..end.start.index())
    } else {
        Place::Exactly(start.start.index()..end.end.index())
    }
}

/// The text with the edits made, and every other byte as it was.
pub(super) fn edited(text: &str, edits: &[Edit]) -> Result<String, Unreadable> {
    let mut parts = Vec::with_capacity(edits.len());
    for edit in edits {
        let (Place::Exactly(range) | Place::Lines(range)) = &edit.place else { continue };
        parts.push((range.clone(), edit));
    }
    parts.sort_by_key(|(range, _)| range.start);
    let places: Vec<usize> = parts.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
    let bytes = offsets(text, &places)?;
    let mut out = String::with_capacity(text.len() + 1024);
    let mut done = 0;
    for ((_, edit), bounds) in parts.iter().zip(bytes.chunks(2)) {
        let (start, end) = (bounds[0], bounds[1]);
        let lost = || Unreadable("a place in it was lost".to_owned());
        let old = text.get(start..end).filter(|_| start >= done).ok_or_else(lost)?;
        out.push_str(&text[done..start]);
        match edit.place {
            Place::Lines(_) => {
                // The colon after the key, and the lines up to the next thing.
                let colon = old.find(':').ok_or_else(lost)?;
                let kept = match old.rfind('\n').map(|line| &old[line + 1..]) {
                    Some(kept) if kept.trim().is_empty() => kept,
                    _ if end == text.len() => "",
                    _ => return Err(lost()),
                };
                out.push_str(&old[..=colon]);
                out.push(' ');
                out.push_str(&edit.text);
                out.push('\n');
                out.push_str(kept);
            }
            _ => out.push_str(&edit.text),
        }
        done = end;
    }
    out.push_str(&text[done..]);
    Ok(out)
}

/// The bytes at which these characters, in their order, stand.
fn offsets(text: &str, characters: &[usize]) -> Result<Vec<usize>, Unreadable> {
    if text.is_ascii() {
        return Ok(characters.to_vec());
    }
    let mut found = Vec::with_capacity(characters.len());
    let mut all = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).enumerate();
    let mut last = (0, 0);
    for wanted in characters {
        if found.is_empty() || last.0 != *wanted {
            last = all.find(|(at, _)| at == wanted).ok_or_else(|| Unreadable("a place in it was lost".to_owned()))?;
        }
        found.push(last.1);
    }
    Ok(found)
}
