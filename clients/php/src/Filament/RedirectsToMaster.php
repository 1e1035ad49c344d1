<?php

declare(strict_types=1);

namespace Cognate\Filament;

use Cognate\Filament\Data\Master;
use Illuminate\Container\Container;

/** For an edit page of a resource: elsewhere than on the master it leads to the master's edit page of the same record. */
trait RedirectsToMaster
{
    public function mount(int|string $record): void
    {
        parent::mount($record);
        $url = Container::getInstance()->make(Master::class)->editUrl($this->getRecord());
        if ($url !== null) {
            $this->redirect($url);
        }
    }
}
