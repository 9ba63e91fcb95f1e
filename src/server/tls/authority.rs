//! The authority: minted, signs the mock's certificates in one go, gone.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::domain::hosts::Hosts;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long certificates are good.
const LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// This machine's names, under which the mock is reached as well.
const LOCAL: [&str; 3] = ["localhost", "host.docker.internal", "tallyfy-mock"];

/// The names that a certificate is for; the addresses are loopback's.
#[derive(Debug, Clone)]
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn of(hosts: &Hosts) -> Self {
        Self(hosts.iter().chain(LOCAL).map(String::from).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a client may ask for that name (SNI).
    pub(super) fn contains(&self, name: &str) -> bool {
        self.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The certificates of one key, and the certificate of the authority that signed them.
///
/// There are two, since Mono takes no certificate that has an address from an authority that is constrained to some.
#[derive(Debug)]
pub(super) struct Minted {
    pub(super) ca_pem: String,
    /// For the names: shown to a client that asks for one.
    pub(super) by_name: CertificateDer<'static>,
    /// For the names and loopback's addresses: shown to one that asks for none.
    pub(super) by_address: CertificateDer<'static>,
    /// Both, in this order.
    pub(super) leaves_pem: String,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) key_pem: String,
}

/// An authority that has not signed yet. Signing consumes it, and with it its key.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    /// Constrained to those names and to loopback, and to leaves.
    fn new(names: &Names, now: SystemTime) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = lasting(now);
        // A name of its own: a client that trusts an older one then says that it does not know this one.
        let id = params.key_identifier(&key);
        let id = id.first_chunk().copied().map_or(0, u32::from_be_bytes);
        let name = format!("tallyfy-mock {id:08x}, for tests only");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let names = names.iter().map(str::to_owned).map(GeneralSubtree::DnsName);
        let loopback = [
            CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8),
            CidrSubnet::from_v6_prefix(LOOPBACK_V6, 128),
        ];
        let loopback = loopback.map(GeneralSubtree::IpAddress);
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: names.chain(loopback).collect(),
            excluded_subtrees: Vec::new(),
        });
        Ok(Self { params, key })
    }

    fn sign(
        self,
        by_name: &CertificateParams,
        by_address: &CertificateParams,
    ) -> Result<Minted, rcgen::Error> {
        let leaf_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let ca_pem = self.params.self_signed(&self.key)?.pem();
        let issuer = Issuer::new(self.params, self.key);
        let by_name = by_name.signed_by(&leaf_key, &issuer)?;
        let by_address = by_address.signed_by(&leaf_key, &issuer)?;
        Ok(Minted {
            ca_pem,
            by_name: by_name.der().clone(),
            by_address: by_address.der().clone(),
            leaves_pem: format!("{}{}", by_name.pem(), by_address.pem()),
            key: PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into(),
            key_pem: leaf_key.serialize_pem(),
        })
    }
}

const LOOPBACK_V6: [u8; 16] = std::net::Ipv6Addr::LOCALHOST.octets();

/// A new authority and all that it ever signs. The time is the machine's, never the mock's: clients go by
/// theirs.
pub(super) fn mint(names: &Names, now: SystemTime) -> Result<Minted, String> {
    let minted = || {
        let mut leaf = lasting(now);
        leaf.distinguished_name
            .push(DnType::CommonName, "tallyfy-mock");
        for name in names.iter() {
            leaf.subject_alt_names
                .push(SanType::DnsName(name.try_into()?));
        }
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let mut by_address = leaf.clone();
        let loopback = [[127, 0, 0, 1].into(), LOOPBACK_V6.into()];
        let loopback = loopback.map(SanType::IpAddress);
        by_address.subject_alt_names.extend(loopback);
        Authority::new(names, now)?.sign(&leaf, &by_address)
    };
    minted().map_err(|error: rcgen::Error| format!("cannot mint a certificate: {error}"))
}

/// Backdated by a day, for virtual machines whose clocks are late.
fn lasting(now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let begin = now - DAY;
    params.not_before = OffsetDateTime::from(begin);
    params.not_after = OffsetDateTime::from(begin + LIFE);
    params
}
