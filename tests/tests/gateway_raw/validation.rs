//! What the exchange makes of breaches, by the profile that it was built with.

use fix_dialect::{Action, Profile, Rule};
use kalshi_fix::gateway::Gateway;

use crate::{MARKET, Scene, show};

/// What orders with these bodies are answered with by an exchange with this profile.
async fn check(profile: Profile, cases: &[(&str, &str)]) {
    let scene = Scene::built_by(Gateway::builder().validation(profile)).await;
    let mut wire = scene.orders("21005=Y|21011=Y").await;
    for (body, expected) in cases {
        let order = body.replace("ORDER", &format!("38=1|40=2|44=0.50|54=1|55={MARKET}"));
        let heard = wire.ask(&format!("35=D|{order}")).await;
        assert_eq!(
            show(&heard, &["35", "150", "371", "373", "380", "103"]),
            [*expected],
            "{order}"
        );
    }
}

#[tokio::test]
async fn a_rule_can_be_relaxed_by_itself() {
    let strict = Profile::strict();
    let cases = [
        ("11=a|ORDER|9999=x", "35=3|371=9999|373=3"),
        ("11=b|ORDER|31=0.5", "35=3|371=31|373=2"),
        ("11=c|ORDER", "35=8|150=0"),
    ];
    check(strict, &cases).await;
    let cases = [
        ("11=a|ORDER|9999=x", "35=8|150=0"),
        ("11=b|ORDER|31=0.5", "35=3|371=31|373=2"),
        ("11=c|ORDER", "35=8|150=0"),
    ];
    check(strict.with(Rule::Defined, Action::Report), &cases).await;
    let cases = [
        ("11=a|ORDER|9999=x", "35=3|371=9999|373=3"),
        ("11=b|ORDER|31=0.5", "35=8|150=0"),
    ];
    check(strict.with(Rule::Member, Action::Ignore), &cases).await;
    // Whether the market trades such parts is left to the market, or not.
    let parts = "11=a|38=0.005|40=2|44=0.50|54=1|55=";
    let parts = format!("{parts}{MARKET}");
    check(strict, &[(&parts, "35=3|371=38|373=5")]).await;
    check(
        strict.with(Rule::Step, Action::Ignore),
        &[(&parts, "35=8|150=8|103=13")],
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_rejected_by_every_profile() {
    let cases = [
        ("11=a|38=1|40=2|44=0.50|55=M", "35=3|371=54|373=1"),
        ("11=b|38=1|40=2|44=0.50|54=7|55=M", "35=3|371=54|373=5"),
        ("11=c|38=many|40=2|44=0.50|54=1|55=M", "35=3|371=38|373=6"),
        ("11=|ORDER", "35=3|371=11|373=4"),
        ("11=d|ORDER|54=2", "35=3|371=54|373=13"),
        ("11=e|ORDER|59=6", "35=j|380=5"),
        ("11=f|ORDER|453=2|448=x|452=24", "35=3|371=453|373=16"),
        ("11=g|ORDER", "35=8|150=0"),
    ];
    check(Profile::off(), &cases).await;
}
