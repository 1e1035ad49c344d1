<?php

// Made by tools/generate from cognate/v1/change_capture_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\AcknowledgeBatchesRequest;
use Cognate\V1\AcknowledgeBatchesResponse;
use Cognate\V1\ApproveRunRequest;
use Cognate\V1\ApproveRunResponse;
use Cognate\V1\CaptureRequest;
use Cognate\V1\CaptureResponse;
use Cognate\V1\CreateRunRequest;
use Cognate\V1\CreateRunResponse;
use Cognate\V1\GetLatestChangeRequest;
use Cognate\V1\GetLatestChangeResponse;
use Cognate\V1\GetRunRequest;
use Cognate\V1\GetRunResponse;
use Cognate\V1\ListLatestChangesRequest;
use Cognate\V1\ListLatestChangesResponse;
use Cognate\V1\ListPreviousChangesRequest;
use Cognate\V1\ListPreviousChangesResponse;
use Cognate\V1\ListRunsRequest;
use Cognate\V1\ListRunsResponse;
use Cognate\V1\ListSourcesRequest;
use Cognate\V1\ListSourcesResponse;
use Cognate\V1\ReplayRequest;
use Cognate\V1\ReplayResponse;

/**
 * Takes changes into the change log, and gives them out again.
 *
 * Not here: `CaptureStream`, which streams from the client; there is another call for the same.
 */
final class ChangeCaptureServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Takes changes of one platform. The answer means: committed.
     *
     * A record that is wrong fails alone, in its own result; the others are taken. Idempotent by `change_id`: the whole call
     * may be retried by anyone after UNAVAILABLE, DEADLINE_EXCEEDED or a lost connection.
     *
     * Errors of the whole call, with nothing taken:
     *
     * * `INVALID_ARGUMENT` (`BATCH_TOO_LARGE`): more than 10,000 changes.
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform, or no changes.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     * * `FAILED_PRECONDITION` (`PLATFORM_IS_NO_SOURCE`): its capture mode is not AGENT.
     * * `RESOURCE_EXHAUSTED` (`CAPTURE_OVERLOADED`): too much is in hand; retry after `RetryInfo`.
     *
     * Reasons of one change's result: `MODEL_NOT_FOUND`, `FIELD_NOT_FOUND`, `DUPLICATE_FIELD`, `WRONG_TYPE`, `VALUE_TOO_LARGE`,
     * `BAD_ENCODING`, `INVALID_FIELD`, `CHANGE_ID_REUSED`.
     *
     * @throws CognateException
     */
    public function capture(CaptureRequest $request, ?CallOptions $options = null): CaptureResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/Capture', $request, CaptureResponse::class, $options);
    }

    /**
     * Puts the latest state of records on its way again, through the same transformer as every change.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 10,000 records, or another number of `deleted_before`.
     *
     * @throws CognateException
     */
    public function replay(ReplayRequest $request, ?CallOptions $options = null): ReplayResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/Replay', $request, ReplayResponse::class, $options);
    }

    /**
     * Gets the latest change of a record.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`RECORD_UNKNOWN`): no change of this record was ever captured.
     *
     * @throws CognateException
     */
    public function getLatestChange(GetLatestChangeRequest $request, ?CallOptions $options = null): GetLatestChangeResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/GetLatestChange', $request, GetLatestChangeResponse::class, $options);
    }

    /**
     * Lists what records were before one of their changes, or are now. For the transformer.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 10,000 records.
     *
     * @throws CognateException
     */
    public function listPreviousChanges(ListPreviousChangesRequest $request, ?CallOptions $options = null): ListPreviousChangesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/ListPreviousChanges', $request, ListPreviousChangesResponse::class, $options);
    }

    /**
     * Lists the newest changes of the records of a model that were changed last, page by page. For the transformer.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): `page_token` was not given out by this method, or a number is out of bounds.
     *
     * @throws CognateException
     */
    public function listLatestChanges(ListLatestChangesRequest $request, ?CallOptions $options = null): ListLatestChangesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/ListLatestChanges', $request, ListLatestChangesResponse::class, $options);
    }

    /**
     * Says that batches of the stream `changes` are planned and need not be rebuilt. For the transformer.
     *
     * @throws CognateException
     */
    public function acknowledgeBatches(AcknowledgeBatchesRequest $request, ?CallOptions $options = null): AcknowledgeBatchesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/AcknowledgeBatches', $request, AcknowledgeBatchesResponse::class, $options);
    }

    /**
     * Starts a run. It goes on by itself, over restarts.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no such kind.
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync.
     * * `FAILED_PRECONDITION` (`SYNC_HAS_NO_INTERVAL`): SCHEDULED, of a sync whose changes are delivered as they come.
     * * `FAILED_PRECONDITION` (`MIRROR_REFUSED`): MIRROR, where it cannot be known which records are extra; the message says why.
     *
     * @throws CognateException
     */
    public function createRun(CreateRunRequest $request, ?CallOptions $options = null): CreateRunResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/CreateRun', $request, CreateRunResponse::class, $options);
    }

    /**
     * Lets a run go on that is held.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`RUN_NOT_FOUND`): there is no such run.
     * * `FAILED_PRECONDITION` (`RUN_NOT_HELD`): it is not held.
     *
     * @throws CognateException
     */
    public function approveRun(ApproveRunRequest $request, ?CallOptions $options = null): ApproveRunResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/ApproveRun', $request, ApproveRunResponse::class, $options);
    }

    /**
     * Gets a run with its progress.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`RUN_NOT_FOUND`): there is no such run.
     *
     * @throws CognateException
     */
    public function getRun(GetRunRequest $request, ?CallOptions $options = null): GetRunResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/GetRun', $request, GetRunResponse::class, $options);
    }

    /**
     * Lists runs, newest first.
     *
     * @throws CognateException
     */
    public function listRuns(ListRunsRequest $request, ?CallOptions $options = null): ListRunsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/ListRuns', $request, ListRunsResponse::class, $options);
    }

    /**
     * Lists what is captured from databases, with positions and obstacles, and how far the clocks of all sources are off.
     *
     * @throws CognateException
     */
    public function listSources(ListSourcesRequest $request, ?CallOptions $options = null): ListSourcesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ChangeCaptureService/ListSources', $request, ListSourcesResponse::class, $options);
    }
}
