//! Help of labels, cordons and placement.

pub(crate) const SET_LABELS: &str = help!(
    [
        "jimmctl set-controller-labels prod spread=zone-1 max-models=200 rack-",
        "jimmctl set-controller-labels gpu --taint dedicated=research",
    ],
    0 => "the controller has these labels and taints now, besides those that it had",
    1 => "there is no controller of that name, a label is none, or you are not an administrator; nothing has changed",
);
pub(crate) const CORDON: &str = help!(
    ["jimmctl cordon prod --reason maintenance"],
    0 => "the controller gets no new models, none that move or come in; those it has go on",
    1 => "there is no controller of that name, or you are not an administrator",
);
pub(crate) const UNCORDON: &str = help!(
    ["jimmctl uncordon prod"],
    0 => "the controller gets models again",
    1 => "there is no controller of that name, or you are not an administrator",
);
pub(crate) const EXPLAIN: &str = help!(
    [
        "jimmctl explain-placement --in aws/eu-west-1 --owner alice@example.com",
        "jimmctl explain-placement alice@example.com/shop --format json",
    ],
    0 => "shown; at least one controller will do",
    1 => "no controller will do, there is no such model, cloud or region, or you are not an administrator",
);
