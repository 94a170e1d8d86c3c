//! Start, drain and stop: signals, tasks, deadlines.
