//! `ApplicationOffers`, versions 4 to 6: endpoints offered across models.
//!
//! Version 4 lists offers with spaces and bindings, version 6 filters by qualifier. Knows no SQL and dials nobody.

use futures_util::FutureExt as _;
use jimm_proto::params::application_offers::{
    AddApplicationOffers, ApplicationOfferAdminDetailsV4, ApplicationOfferAdminDetailsV5, ApplicationOfferResult,
    ApplicationOffersResults, ConsumeOfferDetailsArg, ConsumeOfferDetailsResult, ConsumeOfferDetailsResults,
    DestroyApplicationOffers, ModifyOfferAccessRequest, OfferFilters, OfferURLs, QueryApplicationOffersResultsV4,
    QueryApplicationOffersResultsV5, RemoteApplicationInfoResult, RemoteApplicationInfoResults,
};
use jimm_proto::params::common::ErrorResults;

use super::CallContext;
use super::bulk::look_up;
use super::method::{Access, Audit, Method, method};
use super::view::{entries, entry_error};
use crate::error::Result;

const FACADE: &str = "ApplicationOffers";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [4, 5, 6], "Offer", Access::ModelAdmin, Audit::Params, offer),
    method!(FACADE, [4, 5, 6], "ApplicationOffers", Access::OfferRead, Audit::Params, application_offers),
    method!(FACADE, [4], "ListApplicationOffers", Access::ModelAdmin, Audit::Params, list_v4),
    method!(FACADE, [5, 6], "ListApplicationOffers", Access::ModelAdmin, Audit::Params, list),
    method!(FACADE, [4], "FindApplicationOffers", Access::User, Audit::Params, find_v4),
    method!(FACADE, [5, 6], "FindApplicationOffers", Access::User, Audit::Params, find),
    method!(FACADE, [4, 5, 6], "GetConsumeDetails", Access::OfferConsume, Audit::Params, consume_details),
    method!(FACADE, [4, 5, 6], "RemoteApplicationInfo", Access::OfferRead, Audit::Params, remote_applications),
    method!(FACADE, [4, 5, 6], "DestroyOffers", Access::OfferAdmin, Audit::Params, destroy_offers),
    method!(FACADE, [4, 5, 6], "ModifyOfferAccess", Access::OfferAdmin, Audit::Params, modify_offer_access),
];

async fn offer(ctx: &CallContext, args: AddApplicationOffers) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.offers.len());
    for offer in args.offers {
        results.push(ctx.broker.offer(&ctx.requester, offer).await);
    }
    Ok(entries(results))
}

async fn application_offers(ctx: &CallContext, args: OfferURLs) -> Result<ApplicationOffersResults> {
    let look = |url| {
        async move {
            match ctx.broker.offer_details(&ctx.requester, url).await {
                Ok(offer) => ApplicationOfferResult { result: Some(offer), error: None },
                Err(e) => ApplicationOfferResult { result: None, error: Some(entry_error(&e)) },
            }
        }
        .boxed()
    };
    let asked = args.offer_urls.iter().map(String::as_str).collect();
    Ok(ApplicationOffersResults { results: look_up(asked, look).await })
}

async fn list(ctx: &CallContext, args: OfferFilters) -> Result<QueryApplicationOffersResultsV5> {
    let results = ctx.broker.list_offers(&ctx.requester, args.filters).await?;
    Ok(QueryApplicationOffersResultsV5 { results })
}

async fn list_v4(ctx: &CallContext, args: OfferFilters) -> Result<QueryApplicationOffersResultsV4> {
    Ok(with_spaces(ctx.broker.list_offers(&ctx.requester, args.filters).await?))
}

async fn find(ctx: &CallContext, args: OfferFilters) -> Result<QueryApplicationOffersResultsV5> {
    let results = ctx.broker.find_offers(&ctx.requester, args.filters).await?;
    Ok(QueryApplicationOffersResultsV5 { results })
}

async fn find_v4(ctx: &CallContext, args: OfferFilters) -> Result<QueryApplicationOffersResultsV4> {
    Ok(with_spaces(ctx.broker.find_offers(&ctx.requester, args.filters).await?))
}

/// The older listing: its spaces and bindings were never filled for models of other controllers.
fn with_spaces(offers: Vec<ApplicationOfferAdminDetailsV5>) -> QueryApplicationOffersResultsV4 {
    let results = offers
        .into_iter()
        .map(|o| ApplicationOfferAdminDetailsV4 {
            source_model_tag: o.source_model_tag,
            offer_uuid: o.offer_uuid,
            offer_url: o.offer_url,
            offer_name: o.offer_name,
            application_description: o.application_description,
            endpoints: o.endpoints,
            users: o.users,
            application_name: o.application_name,
            charm_url: o.charm_url,
            connections: o.connections,
            ..ApplicationOfferAdminDetailsV4::default()
        })
        .collect();
    QueryApplicationOffersResultsV4 { results }
}

async fn consume_details(ctx: &CallContext, args: ConsumeOfferDetailsArg) -> Result<ConsumeOfferDetailsResults> {
    let (user, version) = (args.user_tag.as_str(), args.offer_urls.bakery_version);
    let look = |url| {
        async move {
            let details = ctx.broker.consume_details(&ctx.requester, url, user, version).await;
            details.unwrap_or_else(|e| ConsumeOfferDetailsResult { error: Some(entry_error(&e)), ..Default::default() })
        }
        .boxed()
    };
    let asked = args.offer_urls.offer_urls.iter().map(String::as_str).collect();
    Ok(ConsumeOfferDetailsResults { results: look_up(asked, look).await })
}

async fn remote_applications(ctx: &CallContext, args: OfferURLs) -> Result<RemoteApplicationInfoResults> {
    let look = |url| {
        async move {
            match ctx.broker.remote_application(&ctx.requester, url).await {
                Ok(found) => RemoteApplicationInfoResult { result: Some(found), error: None },
                Err(e) => RemoteApplicationInfoResult { result: None, error: Some(entry_error(&e)) },
            }
        }
        .boxed()
    };
    let asked = args.offer_urls.iter().map(String::as_str).collect();
    Ok(RemoteApplicationInfoResults { results: look_up(asked, look).await })
}

async fn destroy_offers(ctx: &CallContext, args: DestroyApplicationOffers) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.offer_urls.len());
    for url in &args.offer_urls {
        results.push(ctx.broker.destroy_offer(&ctx.requester, url, args.force).await);
    }
    Ok(entries(results))
}

async fn modify_offer_access(ctx: &CallContext, args: ModifyOfferAccessRequest) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.changes.len());
    for change in args.changes {
        results.push(ctx.broker.modify_offer_access(&ctx.requester, &change).await);
    }
    Ok(entries(results))
}
