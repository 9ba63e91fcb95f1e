#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tallyfy_mock_fuzz::path_and_query(input));
