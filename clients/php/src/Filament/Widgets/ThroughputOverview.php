<?php

declare(strict_types=1);

namespace Cognate\Filament\Widgets;

use Filament\Widgets\StatsOverviewWidget;

/** How many records all targets took in the last minute, hour, day and week. */
final class ThroughputOverview extends StatsOverviewWidget
{
    use AsksHub;

    protected ?string $pollingInterval = '15s';

    protected function getStats(): array
    {
        return self::statsOr(static function (): array {
            $count = self::statistics()->throughput();
            return array_map(static fn (string $step) => self::stat("per_$step", $count[$step], 'primary'), ['minute', 'hour', 'day', 'week']);
        });
    }
}
