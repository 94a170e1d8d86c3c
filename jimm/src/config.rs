//! Configuration: read once from the environment and an optional TOML file, validated whole.
