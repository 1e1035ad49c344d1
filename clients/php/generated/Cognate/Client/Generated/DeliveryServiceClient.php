<?php

// Made by tools/generate from cognate/v1/delivery_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\DeliveryServiceReportRequest;
use Cognate\V1\DeliveryServiceReportResponse;
use Cognate\V1\ListLanesRequest;
use Cognate\V1\ListLanesResponse;
use Cognate\V1\PullRequest;
use Cognate\V1\PullResponse;
use Cognate\V1\SubscribeRequest;
use Cognate\V1\SubscribeResponse;

/**
 * Sends what is due to its targets, or gives it to the targets' agents.
 */
final class DeliveryServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Lists the lanes, by platform.
     *
     * @throws CognateException
     */
    public function listLanes(ListLanesRequest $request, ?CallOptions $options = null): ListLanesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.DeliveryService/ListLanes', $request, ListLanesResponse::class, $options);
    }

    /**
     * Fetches deliveries of a platform with CHANNEL_AGENT, parents before what refers to them; waits for some if there are none. They
     * are leased to the caller: what is not reported until `expire_time` is given out again. May be retried by anyone at any time; a
     * lost answer costs one lease.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform, or a number out of bounds.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     * * `FAILED_PRECONDITION` (`PLATFORM_IS_NO_AGENT`): its channel is not CHANNEL_AGENT.
     * * `FAILED_PRECONDITION` (`PLATFORM_LOCKED`): nothing is given out while it is locked.
     * * `UNAVAILABLE` (`LANE_NOT_READY`): no delivery service has taken the platform's lane yet; retry after `RetryInfo`.
     *
     * @throws CognateException
     */
    public function pull(PullRequest $request, ?CallOptions $options = null): PullResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.DeliveryService/Pull', $request, PullResponse::class, $options);
    }

    /**
     * The same as a stream: gives deliveries out as they come, as many at a time as there are credits. Each reported delivery gives
     * its credit back, and so does each lease that ran out.
     *
     * Errors: as `Pull`.
     *
     * @return \Generator<int, SubscribeResponse, mixed, void>
     * @throws CognateException
     */
    public function subscribe(SubscribeRequest $request, ?CallOptions $options = null): iterable
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->serverStream('/cognate.v1.DeliveryService/Subscribe', $request, SubscribeResponse::class, $options);
    }

    /**
     * Says what became of deliveries. The answer means: settled, or a trouble with its next step is committed. Idempotent; may be
     * retried by anyone. Results of a lease that has run out are taken as well: what is written is written.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform, more than 1,000 results, or one that lacks something required; nothing is
     *   taken then.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function report(DeliveryServiceReportRequest $request, ?CallOptions $options = null): DeliveryServiceReportResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.DeliveryService/Report', $request, DeliveryServiceReportResponse::class, $options);
    }
}
