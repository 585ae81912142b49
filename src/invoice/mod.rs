//! The EN 16931 invoice: model, money, rules, XML readers and renderings. Pure: no I/O.
