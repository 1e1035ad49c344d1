<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Exception\OutOfRange;
use Cognate\V1\Event;
use Cognate\V1\EventKind;
use Illuminate\Contracts\Events\Dispatcher;

/** Tells the application's listeners what became of its records on other platforms. */
final class EventPump
{
    private const TOKEN = 'events';
    private const KINDS = [
        EventKind::EVENT_KIND_PUBLISHED => Events\RecordPublished::class,
        EventKind::EVENT_KIND_APPLIED => Events\RecordUpdated::class,
        EventKind::EVENT_KIND_DELETED => Events\RecordUnpublished::class,
        EventKind::EVENT_KIND_HELD => Events\PendingCaptured::class,
        EventKind::EVENT_KIND_WAITING => Events\PendingCaptured::class,
        EventKind::EVENT_KIND_RETRY => Events\PendingRetried::class,
        EventKind::EVENT_KIND_RELEASED => Events\PendingRetried::class,
        EventKind::EVENT_KIND_DEAD => Events\PendingFailed::class,
        EventKind::EVENT_KIND_CONFLICT_RESOLVED => Events\ConflictResolved::class,
    ];

    public function __construct(
        private readonly Hub $hub,
        private readonly Settings $settings,
        private readonly Dispatcher $events,
        private readonly ErrorReport $errors,
    ) {
    }

    /** @return int how many were told */
    public function pump(): int
    {
        $token = (string) $this->settings->get(self::TOKEN);
        try {
            $answer = $this->hub->events($token, 200);
        } catch (OutOfRange | InvalidArgument $error) {
            if ($token === '') {
                throw $error;
            }
            // Away for longer than events are kept, or the hub was restored from a backup and has not told that far.
            $this->settings->set(self::TOKEN, null);
            return 0;
        }
        foreach ($answer->getEvents() as $event) {
            $this->tell($event);
        }
        if ($answer->getResumeToken() !== $token) {
            $this->settings->set(self::TOKEN, $answer->getResumeToken());
        }
        return count($answer->getEvents());
    }

    private function tell(Event $event): void
    {
        $source = $event->getSource();
        $target = $event->getTarget();
        $model = (string) $source?->getModel();
        $localId = (string) $source?->getLocalId();
        if ($event->getKind() === EventKind::EVENT_KIND_CONFLICT) {
            $told = new Events\ConflictDetected($model, $localId, $event->getEntityId(), [], [], $event->getConflict());
        } else {
            $class = self::KINDS[$event->getKind()] ?? null;
            if ($class === null) {
                return;
            }
            $told = new $class(
                $event->getEventId(),
                $model,
                $localId,
                $event->getEntityId(),
                (string) $target?->getPlatform(),
                (string) $target?->getModel(),
                (string) $target?->getLocalId(),
                (int) $event->getVersion(),
                (string) $event->getError()?->getReason(),
                $event->getSentence(),
                $event->getActingIdentity(),
            );
        }
        try {
            $this->events->dispatch($told);
        } catch (\Throwable $error) {
            $this->errors->tell('a listener of ' . get_class($told) . ' failed', $error);
        }
    }
}
