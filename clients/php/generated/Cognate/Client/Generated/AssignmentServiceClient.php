<?php

// Made by tools/generate from cognate/v1/assignment_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\GetAssignmentsRequest;
use Cognate\V1\GetAssignmentsResponse;
use Cognate\V1\ListAssignmentChangesRequest;
use Cognate\V1\ListAssignmentChangesResponse;
use Cognate\V1\ListAssignmentMovesRequest;
use Cognate\V1\ListAssignmentMovesResponse;
use Cognate\V1\ListAssignmentsRequest;
use Cognate\V1\ListAssignmentsResponse;
use Cognate\V1\SetAssignmentsRequest;
use Cognate\V1\SetAssignmentsResponse;

/**
 * Assignments: which platforms a record is meant for.
 *
 * They belong to the entity: it is the same whichever platform's record of it names it, and they may be set before any change
 * of the record was captured. A sync looks at them by `Sync.only_assigned`, and conditions by `assigned("shop")`; both count a
 * record as assigned to where it came into being as well, so that no assignment takes it away from there. A change of assignments
 * brings the records that syncs then judge otherwise to their targets at once, or has them leave by `Sync.leave`.
 *
 * Records have assignments where their model is assignable (`Model.assignable`, by `UpdateModel`).
 */
final class AssignmentServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Sets the assignments of many records, all or none. Safe to retry: what is so already is left as it is, and keeps its revision.
     * The answer comes when it is committed; the records are on their way then, whatever stops.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no record, more than 10,000, one twice, an unknown platform.
     * * `NOT_FOUND` (`MODEL_NOT_FOUND`): the catalogue does not have the model of a record.
     * * `FAILED_PRECONDITION` (`MODEL_NOT_ASSIGNABLE`): records of this model have no assignments; enable them by `UpdateModel`.
     * * `ABORTED` (`ASSIGNMENTS_CHANGED`): somebody else has changed them since `RecordAssignments.revision`; read them and decide
     *   anew.
     *
     * @throws CognateException
     */
    public function setAssignments(SetAssignmentsRequest $request, ?CallOptions $options = null): SetAssignmentsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.AssignmentService/SetAssignments', $request, SetAssignmentsResponse::class, $options);
    }

    /**
     * Gets the assignments of many records. Those that were never set, or whose record nobody knows, have no platforms and revision 0.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no record, or more than 10,000.
     * * `NOT_FOUND` (`MODEL_NOT_FOUND`): the catalogue does not have the model of a record.
     *
     * @throws CognateException
     */
    public function getAssignments(GetAssignmentsRequest $request, ?CallOptions $options = null): GetAssignmentsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.AssignmentService/GetAssignments', $request, GetAssignmentsResponse::class, $options);
    }

    /**
     * Lists the records of one model that are assigned to any platform, or to one, in no order of meaning.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): an unknown platform, or `page_token` was not given out by this method.
     * * `NOT_FOUND` (`MODEL_NOT_FOUND`): the catalogue does not have the model.
     *
     * @throws CognateException
     */
    public function listAssignments(ListAssignmentsRequest $request, ?CallOptions $options = null): ListAssignmentsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.AssignmentService/ListAssignments', $request, ListAssignmentsResponse::class, $options);
    }

    /**
     * Lists how one record's assignments were changed in the last 90 days, newest first; at most 1,000.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`MODEL_NOT_FOUND`): the catalogue does not have the record's model.
     *
     * @throws CognateException
     */
    public function listAssignmentChanges(ListAssignmentChangesRequest $request, ?CallOptions $options = null): ListAssignmentChangesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.AssignmentService/ListAssignmentChanges', $request, ListAssignmentChangesResponse::class, $options);
    }

    /**
     * Lists the source records that syncs judge otherwise by changes of assignments, in the order of these. For the services:
     * change-capture puts the records on their way, and remembers how far it is.
     *
     * @throws CognateException
     */
    public function listAssignmentMoves(ListAssignmentMovesRequest $request, ?CallOptions $options = null): ListAssignmentMovesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.AssignmentService/ListAssignmentMoves', $request, ListAssignmentMovesResponse::class, $options);
    }
}
