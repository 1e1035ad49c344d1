<?php

// Made by tools/generate from cognate/v1/event_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\CreateEventHookRequest;
use Cognate\V1\CreateEventHookResponse;
use Cognate\V1\DeleteEventHookRequest;
use Cognate\V1\DeleteEventHookResponse;
use Cognate\V1\GetEventHookRequest;
use Cognate\V1\GetEventHookResponse;
use Cognate\V1\GetHistoryRequest;
use Cognate\V1\GetHistoryResponse;
use Cognate\V1\ListEventHooksRequest;
use Cognate\V1\ListEventHooksResponse;
use Cognate\V1\ListEventsRequest;
use Cognate\V1\ListEventsResponse;
use Cognate\V1\TellEventsRequest;
use Cognate\V1\TellEventsResponse;
use Cognate\V1\UpdateEventHookRequest;
use Cognate\V1\UpdateEventHookResponse;

/**
 * Tells people and sites what became of changes, beyond `FeedbackService.Watch`. Part of feedback.
 */
final class EventServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * As `FeedbackService.Watch`, one answer at a time, for callers that cannot hold a stream: events after `resume_token`, or, after
     * `wait`, none. A platform's agent asks for those of its own records and shows them as its own notifications.
     *
     * Errors: as `Watch`.
     *
     * @throws CognateException
     */
    public function listEvents(ListEventsRequest $request, ?CallOptions $options = null): ListEventsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.EventService/ListEvents', $request, ListEventsResponse::class, $options);
    }

    /**
     * Adds events of other services: RUN_FINISHED, CONFLICT, CONFLICT_RESOLVED, HELD. Idempotent by `Event.event_id`. For the services.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 1,000 events, or one without id, kind or target platform.
     *
     * @throws CognateException
     */
    public function tellEvents(TellEventsRequest $request, ?CallOptions $options = null): TellEventsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.EventService/TellEvents', $request, TellEventsResponse::class, $options);
    }

    /**
     * Adds a hook: events go to an HTTP endpoint from then on, signed as Standard Webhooks says (docs/events.md), each at least once and in
     * order.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a name, address or secret is missing or malformed.
     * * `ALREADY_EXISTS` (`EVENT_HOOK_ALREADY_EXISTS`): there is one of that id.
     *
     * @throws CognateException
     */
    public function createEventHook(CreateEventHookRequest $request, ?CallOptions $options = null): CreateEventHookResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.EventService/CreateEventHook', $request, CreateEventHookResponse::class, $options);
    }

    /**
     * Gets one hook.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`EVENT_HOOK_NOT_FOUND`): there is no such hook.
     *
     * @throws CognateException
     */
    public function getEventHook(GetEventHookRequest $request, ?CallOptions $options = null): GetEventHookResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.EventService/GetEventHook', $request, GetEventHookResponse::class, $options);
    }

    /**
     * Lists hooks by name.
     *
     * @throws CognateException
     */
    public function listEventHooks(ListEventHooksRequest $request, ?CallOptions $options = null): ListEventHooksResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.EventService/ListEventHooks', $request, ListEventHooksResponse::class, $options);
    }

    /**
     * Changes the fields named by `update_mask`: `endpoint`, `filter`, `digest`, `is_paused`, each as a whole.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a value is malformed, or the mask names a field that cannot be changed.
     * * `NOT_FOUND` (`EVENT_HOOK_NOT_FOUND`): there is no such hook.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     *
     * @throws CognateException
     */
    public function updateEventHook(UpdateEventHookRequest $request, ?CallOptions $options = null): UpdateEventHookResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.EventService/UpdateEventHook', $request, UpdateEventHookResponse::class, $options);
    }

    /**
     * Deletes a hook. What it has not sent yet is not sent.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`EVENT_HOOK_NOT_FOUND`): there is no such hook.
     *
     * @throws CognateException
     */
    public function deleteEventHook(DeleteEventHookRequest $request, ?CallOptions $options = null): DeleteEventHookResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.EventService/DeleteEventHook', $request, DeleteEventHookResponse::class, $options);
    }

    /**
     * Counts what was done, minute by minute, hour by hour, day by day or week by week.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no step.
     *
     * @throws CognateException
     */
    public function getHistory(GetHistoryRequest $request, ?CallOptions $options = null): GetHistoryResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.EventService/GetHistory', $request, GetHistoryResponse::class, $options);
    }
}
