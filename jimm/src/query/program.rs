//! The jq program: compiled once, run on each status. It has no inputs beside that, no files and no environment.

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Ctx, Filter, Vars, native};
use jaq_json::{Val, read, write};

use super::{LONGEST_OUTPUT, MOST_OUTPUTS};

type Data = JustLut<Val>;

/// What is told of what a program says of itself.
const LONGEST_WORDS: usize = 2000;

/// A program.
pub(super) struct Program(Filter<Data>);

/// What it made of a status.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// Its outputs, JSON each.
    pub(super) outputs: Vec<String>,
    /// Why there are no more, where that is not for want of outputs.
    pub(super) error: Option<String>,
}

impl Program {
    /// Compiles it, or tells what is wrong with it.
    pub(super) fn compile(code: &str) -> Result<Self, String> {
        // `env` would be ours; there is nothing in it that a program should know.
        let no_env = native::run::<Data>(("env", native::v(0), |_| native::bome(Ok(Val::obj(<_>::default())))));
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let functions = functions.filter(|(name, ..)| *name != "env").chain([no_env]);
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code, path: () }).map_err(|e| unread(&e))?;
        let compiler = jaq_core::Compiler::default().with_funs(functions).with_global_vars(["$ENV"]);
        let filter = compiler.compile(modules).map_err(|errors| {
            let wrong = errors.iter().flat_map(|(_, wrong)| wrong).next();
            wrong.map_or_else(String::new, |(name, kind)| format!("undefined {} {}", kind.as_str(), shortened(name)))
        })?;
        Ok(Self(filter))
    }

    /// Runs it on a status, JSON.
    pub(super) fn run(&self, status: &[u8]) -> Outputs {
        let mut done = Outputs::default();
        let input = match read::parse_single(status) {
            Ok(input) => input,
            Err(e) => return Outputs { error: Some(format!("the status cannot be read: {e}")), ..done },
        };
        let ctx = Ctx::<Data>::new(&self.0.lut, Vars::new([Val::obj(<_>::default())]));
        let mut length = 0;
        for output in self.0.id.run((ctx, input)) {
            let output = match output {
                Ok(output) => output,
                Err(e) => {
                    // `halt` ends it as well, and is no error.
                    done.error = e.get_err().ok().map(|e| shortened(&words(e)));
                    break;
                }
            };
            let mut text = Capped { bytes: Vec::new(), left: LONGEST_OUTPUT.saturating_sub(length) };
            if write::write(&mut text, &write::Pp::default(), 0, &output).is_err() || done.outputs.len() == MOST_OUTPUTS
            {
                let text = format!("more than {MOST_OUTPUTS} outputs or {LONGEST_OUTPUT} bytes for one model");
                done.error = Some(text);
                break;
            }
            length += text.bytes.len();
            let Some(text) = json(text.bytes) else {
                done.error = Some("an output is not JSON".to_owned());
                break;
            };
            done.outputs.push(text);
        }
        done
    }
}

/// What the program itself says is wrong.
fn words(error: jaq_json::Error) -> String {
    match error.into_val() {
        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => {
            let mut text = Capped { bytes: Vec::new(), left: 4 * LONGEST_WORDS };
            // What does not fit is cut off.
            let _ = write::write(&mut text, &write::Pp::default(), 0, &other);
            String::from_utf8_lossy(&text.bytes).into_owned()
        }
    }
}

/// The output, when it is JSON: keys of any kind, infinities and bytes that are no text are not.
fn json(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let sound = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    if sound {
        return Some(text);
    }
    // jq writes what is no number as null.
    (text == "NaN").then(|| "null".to_owned())
}

fn unread(errors: &jaq_core::load::Errors<&str, ()>) -> String {
    use jaq_core::load::Error;
    let Some((_, error)) = errors.first() else { return String::new() };
    let near = |found: &str| match found.trim() {
        "" => "at its end".to_owned(),
        found => format!("near {:?}", found.chars().take(40).collect::<String>()),
    };
    match error {
        Error::Io(wrong) => wrong.first().map(|(path, _)| format!("no module {:?}", shortened(path))),
        Error::Lex(wrong) => {
            wrong.first().map(|(expected, found)| format!("expected {} {}", expected.as_str(), near(found)))
        }
        Error::Parse(wrong) => {
            wrong.first().map(|(expected, found)| format!("expected {} {}", expected.as_str(), near(found)))
        }
    }
    .unwrap_or_default()
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_WORDS).collect()
}

/// Takes so much and no more.
struct Capped {
    bytes: Vec<u8>,
    left: usize,
}

impl std::io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
