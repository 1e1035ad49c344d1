<?php

declare(strict_types=1);

namespace Cognate\Filament;

use Closure;
use Cognate\Filament\Data\Confirmations;
use Cognate\Laravel\Events\HubEvent;
use Filament\Contracts\Plugin;
use Filament\Panel;
use Illuminate\Database\Eloquent\Model;

/** The screens of the hub in a panel: `$panel->plugin(CognatePlugin::make())`. */
final class CognatePlugin implements Plugin
{
    public const PAGES = [Pages\Platforms::class, Pages\Syncs::class, Pages\Deliveries::class, Pages\Conflicts::class, Pages\DeadLetters::class, Pages\Files::class];
    public const WIDGETS = [
        Widgets\PlatformsOverview::class,
        Widgets\ThroughputOverview::class,
        Widgets\TroublesOverview::class,
        Widgets\ThroughputChart::class,
    ];

    /** @var list<class-string> */
    private array $pages = self::PAGES;
    /** @var list<class-string> */
    private array $widgets = self::WIDGETS;

    public static function make(): static
    {
        return new static();
    }

    public function getId(): string
    {
        return 'cognate';
    }

    public function register(Panel $panel): void
    {
        $panel->pages($this->pages);
        $panel->widgets($this->widgets);
    }

    public function boot(Panel $panel): void
    {
    }

    /** @param list<class-string> $pages some of PAGES */
    public function pages(array $pages): static
    {
        $this->pages = $pages;
        return $this;
    }

    /** @param list<class-string> $widgets some of WIDGETS; none: []. */
    public function widgets(array $widgets): static
    {
        $this->widgets = $widgets;
        return $this;
    }

    /**
     * Who is told that a target has confirmed. Say it in a service provider, so that the worker knows it, too.
     *
     * @param (Closure(HubEvent): (Model|iterable<Model>|null))|null $recipients
     */
    public static function notifyUsing(?Closure $recipients): void
    {
        Confirmations::to($recipients);
    }
}
