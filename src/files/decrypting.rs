//! Decrypts an encrypted file piece by piece while it is downloaded.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use sha2::{Digest, Sha256};

use crate::record::AttachmentKey;

/// The state of the decryption by AES-256 in counter mode (Client-Server API, "Sending encrypted
/// attachments"), with the digest of the encrypted bytes so far.
pub(super) struct Decrypting {
    cipher: Ctr128BE<Aes256>,
    digest: Sha256,
    expected: [u8; 32],
}

impl Decrypting {
    pub(super) fn with(key: &AttachmentKey) -> Self {
        Self {
            cipher: Ctr128BE::new(&key.key.into(), &key.iv.into()),
            digest: Sha256::new(),
            expected: key.sha256,
        }
    }

    /// Returns the next bytes in decrypted form.
    pub(super) fn decrypt(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.digest.update(bytes);
        let mut plain = bytes.to_vec();
        self.cipher.apply_keystream(&mut plain);
        plain
    }

    /// Ends the file. Returns whether the encrypted bytes have the digest that the event names.
    pub(super) fn finish(self) -> bool {
        self.digest.finalize().as_slice() == self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST SP 800-38A, F.5.5: CTR-AES256, the first two blocks.
    #[test]
    fn bytes_are_decrypted_in_whatever_pieces_they_come() {
        let hex = |text: &str| -> Vec<u8> {
            let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
            pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
        };
        let encrypted = hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");
        let plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        let key = AttachmentKey {
            key: hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
                .try_into()
                .unwrap(),
            iv: hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").try_into().unwrap(),
            sha256: Sha256::digest(&encrypted).into(),
        };
        for piece in [1, 7, 32] {
            let mut decrypting = Decrypting::with(&key);
            let found: Vec<u8> =
                encrypted.chunks(piece).flat_map(|it| decrypting.decrypt(it)).collect();
            assert_eq!(found, plain);
            assert!(decrypting.finish());
        }
        let mut cut = Decrypting::with(&key);
        cut.decrypt(&encrypted[..31]);
        assert!(!cut.finish());
    }
}
