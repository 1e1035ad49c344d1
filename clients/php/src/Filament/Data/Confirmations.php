<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Closure;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\Events\HubEvent;
use Cognate\Laravel\Events\PendingFailed;
use Cognate\Laravel\Settings;
use Illuminate\Database\Eloquent\Model;

/**
 * What whoever has changed a record is told when a target has confirmed it, or will never have it. Called in the worker, by the events
 * that it tells the application.
 */
final class Confirmations
{
    private const TOLD = 'filament.told';
    /** More than the worker asks for at a time: what it tells again after it died is among the last of these. */
    private const REMEMBERED = 500;

    /** @var (Closure(HubEvent): (Model|iterable<Model>|null))|null */
    private static ?Closure $recipients = null;

    /** @param class-string<Model>|null $users */
    public function __construct(
        private readonly Settings $settings,
        private readonly Definitions $definitions,
        private readonly ?string $users = null,
        private readonly string $column = 'email',
    ) {
    }

    /** @param (Closure(HubEvent): (Model|iterable<Model>|null))|null $recipients who is told, where the acting identity does not say it */
    public static function to(?Closure $recipients): void
    {
        self::$recipients = $recipients;
    }

    /**
     * Whom to tell what; nobody the second time.
     *
     * @return array{list<Model>, array{title: string, body: string, failed: bool}}
     */
    public function of(HubEvent $event): array
    {
        $failed = $event instanceof PendingFailed;
        $message = [
            'title' => Words::of($failed ? 'confirmed.failed' : 'confirmed.title', ['platform' => $event->platform]),
            'body' => Words::of('confirmed.body', ['record' => $this->title($event), 'sentence' => $event->sentence]),
            'failed' => $failed,
        ];
        $people = $this->people($event);
        return [$people === [] || !$this->isFirst($event->eventId) ? [] : $people, $message];
    }

    /** @return list<Model> */
    private function people(HubEvent $event): array
    {
        if (self::$recipients !== null) {
            $people = (self::$recipients)($event);
            return $people === null ? [] : ($people instanceof Model ? [$people] : array_values([...$people]));
        }
        if ($event->actingIdentity === '' || $this->users === null || !is_a($this->users, Model::class, true)) {
            return [];
        }
        $user = $this->users::query()->where($this->column, $event->actingIdentity)->first();
        return $user === null ? [] : [$user];
    }

    private function title(HubEvent $event): string
    {
        $name = $this->definitions->named($event->model)?->class;
        return ($name === null ? $event->model : class_basename($name)) . " $event->localId";
    }

    private function isFirst(string $eventId): bool
    {
        if ($eventId === '') {
            return true;
        }
        $told = json_decode((string) $this->settings->get(self::TOLD), true);
        $told = is_array($told) ? $told : [];
        if (in_array($eventId, $told, true)) {
            return false;
        }
        $told[] = $eventId;
        $this->settings->set(self::TOLD, (string) json_encode(array_slice($told, -self::REMEMBERED)));
        return true;
    }
}
