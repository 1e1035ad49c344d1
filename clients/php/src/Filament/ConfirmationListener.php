<?php

declare(strict_types=1);

namespace Cognate\Filament;

use Cognate\Filament\Data\Confirmations;
use Cognate\Laravel\Events\HubEvent;
use Filament\Notifications\Notification;

/** Puts a notification into the database of whoever has changed the record; the panel's bell shows it. */
final class ConfirmationListener
{
    public function __construct(private readonly Confirmations $confirmations)
    {
    }

    public function handle(HubEvent $event): void
    {
        [$people, $message] = $this->confirmations->of($event);
        if ($people === []) {
            return;
        }
        $notification = Notification::make()->title($message['title'])->body($message['body']);
        ($message['failed'] ? $notification->danger() : $notification->success())->sendToDatabase($people);
    }
}
