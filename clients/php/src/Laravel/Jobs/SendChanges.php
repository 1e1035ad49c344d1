<?php

declare(strict_types=1);

namespace Cognate\Laravel\Jobs;

use Cognate\Laravel\Sender;
use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;

/** Sends captured changes from a queue worker. */
final class SendChanges implements ShouldQueue
{
    use Queueable;

    public function handle(Sender $sender): void
    {
        $sender->send();
    }
}
