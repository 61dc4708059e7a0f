//! Logs on to the venue's demo environment and places an order: `order MARKET CONTRACTS PRICE`, the price in dollars.

use std::error::Error;
use std::process::ExitCode;

use kalshi_fix::client::{Client, Event};
use kalshi_fix::environment::Environment;
use kalshi_fix::prediction::{Message, NewOrderSingle, Prediction, fields};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match order().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn order() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(market), Some(contracts), Some(price)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: order MARKET CONTRACTS PRICE".into());
    };
    let client = Client::<Prediction>::from_env(Environment::Demo)?;
    let mut session = client.order_entry().await?;
    let order = NewOrderSingle::new(
        "my-first-order",
        contracts.parse()?,
        fields::OrdType::Limit,
        price.parse()?,
        fields::Side::Buy,
        market,
    );
    session.send(&order).await?;
    while let Some(event) = session.recv().await {
        if let Event::Message(received) = event
            && let Some(Message::ExecutionReport(report)) = received.message()
        {
            println!("{:?}, {} left", report.ord_status, report.leaves_qty);
            if report.ord_status != fields::OrdStatus::PendingNew {
                break;
            }
        }
    }
    let _ = session.close().await;
    Ok(())
}
