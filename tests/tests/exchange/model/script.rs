//! Scripts of what members do, by chance.

use proptest::prelude::*;

/// One step of a random script.
#[derive(Clone, Debug)]
pub(super) enum Action {
    New {
        member: u32,
        buys: bool,
        cents: i64,
        hundredths: i64,
        lifetime: Lifetime,
        post_only: bool,
        takes_own_out: bool,
        reuses_id: bool,
    },
    Amend {
        which: usize,
        cents: Option<i64>,
        total: Total,
    },
    Cancel {
        which: usize,
    },
    MassCancel {
        member: u32,
    },
    Wait {
        minutes: i64,
    },
    Market(bool),
    Pause(u8),
}

/// The total of an amend, in hundredths of a contract.
#[derive(Clone, Copy, Debug)]
pub(super) enum Total {
    To(i64),
    /// More or less than before, or the same.
    By(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    Day,
    Forever,
    Immediate,
    AllOrNothing,
    /// Minutes from now; none is now, which makes it immediate.
    Until(i64),
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    let member = 1..=super::MEMBERS;
    let cents = prop_oneof![5 => 45_i64..56, 1 => 1_i64..=99];
    let hundredths = prop_oneof![4 => 1_i64..3_000, 1 => 1_i64..50, 1 => 10_000_i64..40_000];
    let total = prop_oneof![
        2 => hundredths.clone().prop_map(Total::To),
        1 => (-2_i64..=2).prop_map(Total::By),
    ];
    let lifetime = prop_oneof![
        3 => Just(Lifetime::Day),
        2 => Just(Lifetime::Forever),
        2 => Just(Lifetime::Immediate),
        1 => Just(Lifetime::AllOrNothing),
        1 => (0_i64..400).prop_map(Lifetime::Until),
    ];
    let chance = |percent: u8| (0_u8..100).prop_map(move |dice| dice < percent);
    prop_oneof![
        24 => (
            member.clone(),
            any::<bool>(),
            cents.clone(),
            hundredths.clone(),
            lifetime,
            chance(15),
            chance(30),
            chance(3),
        )
            .prop_map(
                |(member, buys, cents, hundredths, lifetime, post_only, takes_own_out, reuses_id)| Action::New {
                    member,
                    buys,
                    cents,
                    hundredths,
                    lifetime,
                    post_only,
                    takes_own_out,
                    reuses_id,
                }
            ),
        8 => (any::<usize>(), prop::option::of(cents), total)
            .prop_map(|(which, cents, total)| Action::Amend { which, cents, total }),
        4 => any::<usize>().prop_map(|which| Action::Cancel { which }),
        1 => member.prop_map(|member| Action::MassCancel { member }),
        1 => (1_i64..600).prop_map(|minutes| Action::Wait { minutes }),
        1 => any::<bool>().prop_map(Action::Market),
        1 => (0_u8..3).prop_map(Action::Pause),
    ]
}
