<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Laravel\Retry;

/** For what the hub has refused, after its cause is mended. */
final class RetryCommand extends Command
{
    protected $signature = 'cognate:retry';
    protected $description = 'Capture again, as they are now, the records whose changes the hub has refused';

    public function handle(Retry $retry): int
    {
        [$captured, $past] = $retry->all();
        if ($captured + $past === 0) {
            $this->say('retry.none');
            return self::SUCCESS;
        }
        $this->say('retry.done', ['count' => $captured]);
        if ($past > 0) {
            $this->say('retry.gone', ['count' => $past]);
        }
        return self::SUCCESS;
    }
}
