<?php

// Made by tools/generate from cognate/v1/expansion_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\CapturePartsRequest;
use Cognate\V1\CapturePartsResponse;
use Cognate\V1\ListPartSetsRequest;
use Cognate\V1\ListPartSetsResponse;

/**
 * Parts of records: how the transformer puts them into the change log, and what became of which record (`Model.expansion`).
 */
final class ExpansionServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Takes sets of parts, each in the place of what its parent had before. What differs from that becomes changes of the log in the
     * transaction that notes the set: new parts are created, others updated, what is not in the set any more is deleted. Equal content
     * writes no changes, and an older set nothing at all; so the call may be repeated by anyone. For the transformer.
     *
     * Errors, with nothing taken:
     *
     * * `INVALID_ARGUMENT` (`BATCH_TOO_LARGE`): more than 1,000 sets.
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a set without a parent, a model or a version, or a part without an id.
     * * `ABORTED` (`PARTS_MOVED_ON`): others took sets of the same records, again and again; try again.
     * * `RESOURCE_EXHAUSTED` (`CAPTURE_OVERLOADED`): too much is in hand; retry after `RetryInfo`.
     *
     * @throws CognateException
     */
    public function captureParts(CapturePartsRequest $request, ?CallOptions $options = null): CapturePartsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.ExpansionService/CaptureParts', $request, CapturePartsResponse::class, $options);
    }

    /**
     * Lists what was last taken of each record, in the order of models and local ids.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a local id without a model, a model without a platform, or a `page_token` that was not
     *   given out by this method for the same question.
     *
     * @throws CognateException
     */
    public function listPartSets(ListPartSetsRequest $request, ?CallOptions $options = null): ListPartSetsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ExpansionService/ListPartSets', $request, ListPartSetsResponse::class, $options);
    }
}
