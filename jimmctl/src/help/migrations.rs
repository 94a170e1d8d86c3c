//! Help of the commands about moves.

pub(crate) const CHECK: &str = help!(
    [
        "jimmctl check-migration alice@example.com/shop newer",
        "jimmctl check-migration alice@example.com/shop bob@example.com/blog newer --format json",
    ],
    0 => "every model can move: go",
    1 => "one cannot, or the broker refused; the report names everything that is in the way, and what to do",
);
pub(crate) const LIST: &str = help!(
    [
        "jimmctl migrations",
        "jimmctl migrations --all --on older --state aborted",
        "jimmctl migrations --model alice@example.com/shop --format json",
    ],
    0 => "listed; the list may be empty",
    1 => "the broker did not answer or refused",
);
pub(crate) const SHOW: &str = help!(
    ["jimmctl show-migration 17", "jimmctl show-migration alice@example.com/shop --format yaml"],
    0 => "shown",
    1 => "there is no such move, or you may not read its model",
);
pub(crate) const WATCH: &str = help!(
    ["jimmctl watch-migration 17", "jimmctl watch-migration alice@example.com/shop"],
    0 => "the model is at the target",
    1 => "it stayed where it was, there is no such move, or the broker is away for too long",
);
pub(crate) const ABORT: &str = help!(
    ["jimmctl abort-migration 17", "jimmctl abort-migration alice@example.com/shop"],
    0 => "stopped, or to be stopped as far as the controllers allow: the answer says which",
    1 => "it has ended already, or you do not administer its model",
);
pub(crate) const RETRY: &str = help!(
    ["jimmctl retry-migration 17", "jimmctl retry-migration alice@example.com/shop --no-wait"],
    0 => "the model is at the target; has begun (--no-wait)",
    1 => "it stayed where it was, or the move cannot be tried again; the error says why",
);
