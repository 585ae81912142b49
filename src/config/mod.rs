//! The typed configuration: a YAML file, overridden by the environment, validated as a whole.
