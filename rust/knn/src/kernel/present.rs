//! Which instructions the processor has.

use super::panels::Isa;

#[cfg(target_arch = "x86_64")]
pub(super) fn present(isa: Isa) -> bool {
    let wide = || is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    match isa {
        Isa::Portable => true,
        Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        Isa::Avx512 => wide(),
        Isa::Avx512Bf16 => wide() && is_x86_feature_detected!("avx512bf16"),
        Isa::Avx512Vnni => wide() && is_x86_feature_detected!("avx512vnni"),
        Isa::AvxVnni => present(Isa::Avx2) && is_x86_feature_detected!("avxvnni"),
        Isa::Amx => wide() && super::amx::present(),
        Isa::Neon | Isa::NeonDot => false,
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) fn present(isa: Isa) -> bool {
    match isa {
        Isa::Portable | Isa::Neon => true,
        Isa::NeonDot => std::arch::is_aarch64_feature_detected!("dotprod"),
        _ => false,
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn present(isa: Isa) -> bool {
    isa == Isa::Portable
}
