<?php

// Made by tools/generate from cognate/v1/feedback_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\DiscardTroublesRequest;
use Cognate\V1\DiscardTroublesResponse;
use Cognate\V1\ExplainRequest;
use Cognate\V1\ExplainResponse;
use Cognate\V1\GetStatsRequest;
use Cognate\V1\GetStatsResponse;
use Cognate\V1\GetTroubleRequest;
use Cognate\V1\GetTroubleResponse;
use Cognate\V1\GroupTroublesRequest;
use Cognate\V1\GroupTroublesResponse;
use Cognate\V1\ListTroublesRequest;
use Cognate\V1\ListTroublesResponse;
use Cognate\V1\RedriveRequest;
use Cognate\V1\RedriveResponse;
use Cognate\V1\RefillRequest;
use Cognate\V1\RefillResponse;
use Cognate\V1\ReleaseRequest;
use Cognate\V1\ReleaseResponse;
use Cognate\V1\ReportRequest;
use Cognate\V1\ReportResponse;
use Cognate\V1\RetryHeldRequest;
use Cognate\V1\RetryHeldResponse;
use Cognate\V1\WatchRequest;
use Cognate\V1\WatchResponse;

/**
 * Hears what became of deliveries, and tells.
 */
final class FeedbackServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Takes outcomes of one target. The answer means: settled, or a trouble with its next step is committed. Idempotent; for
     * the services.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform, more than 10,000 outcomes, or one without entity, model or status.
     *
     * @throws CognateException
     */
    public function report(ReportRequest $request, ?CallOptions $options = null): ReportResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/Report', $request, ReportResponse::class, $options);
    }

    /**
     * Replays what is due on a target and was planned before the given time: after its lane has run dry, came back, or lost
     * what was on it. For the delivery service.
     *
     * @throws CognateException
     */
    public function refill(RefillRequest $request, ?CallOptions $options = null): RefillResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FeedbackService/Refill', $request, RefillResponse::class, $options);
    }

    /**
     * Streams events as they happen, from `resume_token` on. After a break go on with the last token: nothing is missed
     * within the retention time (7 days by default). An outcome that was reported twice may be told twice.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a token that was not given out by this method.
     * * `OUT_OF_RANGE` (`RESUME_TOKEN_EXPIRED`): events after it are gone; start without a token.
     * * `RESOURCE_EXHAUSTED` (`TOO_MANY_WATCHERS`): this server has no room for one more; try again, or another one.
     *
     * @return \Generator<int, WatchResponse, mixed, void>
     * @throws CognateException
     */
    public function watch(WatchRequest $request, ?CallOptions $options = null): iterable
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->serverStream('/cognate.v1.FeedbackService/Watch', $request, WatchResponse::class, $options);
    }

    /**
     * Says why a record is, or is not, on its targets: every decision in order.
     *
     * Answers also while other services are down, and says in the steps what could not be asked.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no record.
     *
     * @throws CognateException
     */
    public function explain(ExplainRequest $request, ?CallOptions $options = null): ExplainResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/Explain', $request, ExplainResponse::class, $options);
    }

    /**
     * Counts replicas by state for each sync, and what was applied lately.
     *
     * @throws CognateException
     */
    public function getStats(GetStatsRequest $request, ?CallOptions $options = null): GetStatsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/GetStats', $request, GetStatsResponse::class, $options);
    }

    /**
     * Lists troubles, oldest first.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): the filter is wrong, or `page_token` was not given out by this method.
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync as the filter names.
     *
     * @throws CognateException
     */
    public function listTroubles(ListTroublesRequest $request, ?CallOptions $options = null): ListTroublesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/ListTroubles', $request, ListTroublesResponse::class, $options);
    }

    /**
     * Counts troubles by platform, state and reason, most first.
     *
     * Errors: as `ListTroubles`.
     *
     * @throws CognateException
     */
    public function groupTroubles(GroupTroublesRequest $request, ?CallOptions $options = null): GroupTroublesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/GroupTroubles', $request, GroupTroublesResponse::class, $options);
    }

    /**
     * Shows one trouble: what the target answered, and what would be sent now, by the same code that delivers.
     *
     * Answers also while the transformer is down, and says so in the steps.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no entity, platform or model.
     * * `NOT_FOUND` (`TROUBLE_NOT_FOUND`): nothing is wrong there; `Explain` says how it stands.
     *
     * @throws CognateException
     */
    public function getTrouble(GetTroubleRequest $request, ?CallOptions $options = null): GetTroubleResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/GetTrouble', $request, GetTroubleResponse::class, $options);
    }

    /**
     * Sends troubles on their way again, now: the latest state of their records.
     *
     * Errors: as `ListTroubles`.
     *
     * @throws CognateException
     */
    public function redrive(RedriveRequest $request, ?CallOptions $options = null): RedriveResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FeedbackService/Redrive', $request, RedriveResponse::class, $options);
    }

    /**
     * Gives up what is in trouble: what the targets have stays as it is, and the version that could not be applied never comes again, by
     * whatever refill, replay or redrive. A newer change of the record goes on as usual. A delete that is given up leaves the target's
     * record where it is and its identity as it was, so that a newer change still finds it.
     *
     * Without `force` nothing is written: the answer says what would be discarded. What is on its way at this moment is left out.
     * Idempotent: after a failure in the middle the same call goes on.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): the filter is wrong, or says nothing at all.
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync as the filter names.
     * * `FAILED_PRECONDITION` (`COUNT_CHANGED`): there are other troubles by now than `expected_count`; look again.
     *
     * @throws CognateException
     */
    public function discardTroubles(DiscardTroublesRequest $request, ?CallOptions $options = null): DiscardTroublesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/DiscardTroubles', $request, DiscardTroublesResponse::class, $options);
    }

    /**
     * Sends records on their way again that wait for files: those are on the target now. What does not wait, or for something else, is
     * left alone. Idempotent; for the file-transfer service.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform, more than 1,000 records, or one that is none.
     *
     * @throws CognateException
     */
    public function release(ReleaseRequest $request, ?CallOptions $options = null): ReleaseResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FeedbackService/Release', $request, ReleaseResponse::class, $options);
    }

    /**
     * Sends what is HELD for one acting identity on its way again, after its login was mended.
     *
     * The answer comes before the targets': it counts what was handed to the pipeline, and what could not even be. What the target takes
     * is told as APPLIED, what it refuses again is HELD again (`Watch`, `ListTroubles`).
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no identity.
     *
     * @throws CognateException
     */
    public function retryHeld(RetryHeldRequest $request, ?CallOptions $options = null): RetryHeldResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FeedbackService/RetryHeld', $request, RetryHeldResponse::class, $options);
    }
}
