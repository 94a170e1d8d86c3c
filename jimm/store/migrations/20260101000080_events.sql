-- What happened, for those who follow it. A row is written in the transaction of what it tells of; its place in the order
-- that readers follow is given when that transaction is over, so that a reader that has come to a place has missed nothing.
CREATE TABLE events (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- NULL until it is given.
    position bigint UNIQUE,
    time     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- One of those in jimm/store/src/events/codes.rs.
    code     text        NOT NULL,
    -- What it is about: model, controller, job, plan.
    kind     text        NOT NULL,
    uuid     uuid,
    name     text        NOT NULL,
    data     jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX events_unplaced ON events (id) WHERE position IS NULL;
CREATE INDEX events_time ON events (time);
CREATE SEQUENCE events_position;

-- How far those have come who are told of events, by their names.
CREATE TABLE event_cursors (
    reader   text   PRIMARY KEY,
    position bigint NOT NULL
);
