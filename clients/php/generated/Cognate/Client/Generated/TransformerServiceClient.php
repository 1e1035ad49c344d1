<?php

// Made by tools/generate from cognate/v1/transformer_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\CountLeavingRequest;
use Cognate\V1\CountLeavingResponse;
use Cognate\V1\MatchRecordsRequest;
use Cognate\V1\MatchRecordsResponse;
use Cognate\V1\PreviewRequest;
use Cognate\V1\PreviewResponse;
use Cognate\V1\RehearseRequest;
use Cognate\V1\RehearseResponse;

/**
 * Turns changes into deliveries.
 */
final class TransformerServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Shows what a record would become on its targets, by the same code that delivers, and writes nothing.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no record.
     * * `NOT_FOUND` (`RECORD_UNKNOWN`): no change of this record was ever captured.
     *
     * @throws CognateException
     */
    public function preview(PreviewRequest $request, ?CallOptions $options = null): PreviewResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.TransformerService/Preview', $request, PreviewResponse::class, $options);
    }

    /**
     * Counts what a sync, as it would be, would do to records as they are now, by the same code that delivers, and writes nothing.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): the sync is wrong (`LintSync` tells all), or a number is out of bounds.
     *
     * @throws CognateException
     */
    public function rehearse(RehearseRequest $request, ?CallOptions $options = null): RehearseResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.TransformerService/Rehearse', $request, RehearseResponse::class, $options);
    }

    /**
     * Counts, page by page, how many of the records that a target has its guarded sync would take away (`Sync.guard`). For
     * change_capture.
     *
     * Errors:
     *
     * * `ABORTED` (`ETAG_MISMATCH`): the sync is not the one of this etag any more; count again.
     *
     * @throws CognateException
     */
    public function countLeaving(CountLeavingRequest $request, ?CallOptions $options = null): CountLeavingResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.TransformerService/CountLeaving', $request, CountLeavingResponse::class, $options);
    }

    /**
     * Compares the records of both models of a sync by the sync's natural keys, as they are in the change log, and writes nothing: what
     * a first contact would find.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): the sync is wrong or has no natural keys, or a number is out of bounds.
     * * `FAILED_PRECONDITION` (`MODEL_NOT_CAPTURED`): the change log has nothing of one of the models.
     * * `RESOURCE_EXHAUSTED` (`TOO_MANY_RECORDS`): one of the models has more than 500,000 records.
     *
     * @throws CognateException
     */
    public function matchRecords(MatchRecordsRequest $request, ?CallOptions $options = null): MatchRecordsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.TransformerService/MatchRecords', $request, MatchRecordsResponse::class, $options);
    }
}
