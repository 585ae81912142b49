//! Carries out the steps that `room` names.
