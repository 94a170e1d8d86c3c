//! Parameter structs of the broker's own facade, `JIMM` version 4.
